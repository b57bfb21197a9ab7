"""The product's first minute: the sample pictures, the small model, one process."""

import time
from pathlib import Path
from typing import Any

from rich.console import Console

from cli.indexing import IndexRequest, index_folder, show
from cli.searching import search_once, settings_of
from cli.workspace import Workspace, sample_model, samples
from service.search import Ask

SAMPLES = "demo"


async def prepare(workspace: Workspace, images: Path | None, console: Console) -> str:
    """Index the samples, or `images`; the name of the index."""
    began = time.monotonic()
    ledger = await index_folder(_request(images), workspace, console)
    show(ledger, console, seconds=time.monotonic() - began)
    return _request(images).name


def _request(images: Path | None) -> IndexRequest:
    """Every folder of one's own gets an index of its own, named after it."""
    model = sample_model()
    if images is None:
        folder = samples()
        return IndexRequest(root=folder / "pictures", name=SAMPLES, model=model, metadata=folder / "metadata.jsonl")
    resolved = images.resolve()
    plain = "".join(char if char.isalnum() or char in "-_." else "-" for char in str(resolved).strip("/"))
    return IndexRequest(root=images, name=f"{SAMPLES}-{plain[-80:]}", model=model)


async def answer(workspace: Workspace, name: str, query: str) -> dict[str, Any]:
    """The JSON answer to one query."""
    settings = settings_of(workspace.read(name), workspace)
    return await search_once(settings, query, Ask(top_k=5, offset=0, score_threshold=0.0, filters=None))
