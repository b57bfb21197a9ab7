"""One search of an embedded index, through the service's own pipeline: the same answer as over HTTP."""

from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

from cli.workspace import IndexRecord, Workspace
from observability.stages import StageClock
from service.app import engine_parts
from service.cache import MemoryCache
from service.engine import Engine
from service.search import Ask, Searcher
from service.settings import Settings, read_settings


def settings_of(record: IndexRecord, workspace: Workspace, **changes: Any) -> Settings:
    """The service's settings for an embedded index; the environment may set the rest."""
    return read_settings(
        index_path=workspace.index_folder(record.name),
        model_path=Path(record.model),
        image_dir=Path(record.root),
        cache_dir=workspace.thumbnails,
        **changes,
    )


async def search_once(settings: Settings, query: str, ask: Ask) -> dict[str, Any]:
    """The answer's JSON document."""
    engine = Engine(engine_parts(settings))
    try:
        await engine.load()
        clock = StageClock()
        answer = await Searcher(engine, MemoryCache(entries=0, ttl=1)).by_text(query, ask, clock)
        document: dict[str, Any] = orjson.loads(answer.render(clock))
        return document
    finally:
        await engine.close()


def show(answer: dict[str, Any], console: Console) -> None:
    """The results as a table."""
    if not answer["results"]:
        console.print("nothing found; try other words, or a lower --threshold")
        return
    table = Table("score", "picture", "category", box=None, pad_edge=False)
    for result in answer["results"]:
        metadata = result["metadata"]
        table.add_row(f"{result['score']:.3f}", metadata["file_path"], metadata["category"] or "")
    console.print(table)
    console.print(f"{answer['total']} results in {answer['latency_ms']:.1f} ms", style="dim", highlight=False)
