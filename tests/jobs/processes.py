"""The real program, mostly in processes of their own, and what is in the collection afterwards."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from jobs.app import Job, perform
from jobs.settings import read_settings, shard_of
from searchindex.points import PointId
from searchindex.stores.qdrant import QdrantStore
from tests.engines import QdrantServer

ROOT = Path(__file__).parent.parent.parent
SAMPLES = ROOT / "samples"


def environment(server: QdrantServer, collection: str, images: Path, **more: object) -> dict[str, str]:
    """What a controller would set; `more` in lower case."""
    given = {
        "image_dir": images,
        "model_path": SAMPLES / "model",
        "qdrant_host": server.host,
        "qdrant_port": server.http_port,
        "qdrant_grpc_port": server.grpc_port,
        "qdrant_collection": collection,
        "qdrant_timeout": 5,
        "termination_message_path": os.devnull,
        "progress_seconds": 0.05,
        **more,
    }
    return {name.upper(): str(value) for name, value in given.items()}


def start(settings: Mapping[str, str], *flags: str, command: str = "index") -> "subprocess.Popen[str]":
    """Its output is read by the caller."""
    return subprocess.Popen(  # noqa: S603  # our own program
        [sys.executable, "-m", "jobs", command, *flags],
        cwd=ROOT,
        env=os.environ | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: "subprocess.Popen[str]") -> tuple[int, dict[str, Any], str]:
    """Exit status, summary (empty where there is none) and standard error."""
    out, said = process.communicate(timeout=180)
    lines = [json.loads(line) for line in out.splitlines()]
    summary = lines[-1] if lines and lines[-1]["event"] == "summary" else {}
    return process.returncode, summary, said


def run(settings: Mapping[str, str], *flags: str) -> tuple[int, dict[str, Any], str]:
    return finish(start(settings, *flags))


async def here(settings: Mapping[str, str]) -> tuple[int, Job]:
    """The same program in this process, which starts sooner; exit status and what is known of the run."""
    given = read_settings(**{name.lower(): value for name, value in settings.items() if value})
    job = Job(shard=shard_of(given))
    return (await perform(job, given)).status, job


Content = dict[PointId, tuple[dict[str, Any], list[float]]]


async def content_of(store: QdrantStore) -> Content:
    """Payloads without the time of indexing, and vectors to three digits: batches of another size change the last ones."""
    payloads = {record.id: record.payload for record in [each async for each in store.scroll()]}
    records = await store.retrieve(list(payloads), with_vectors=True)
    vectors = {record.id: np.round(record.vector, 3) + 0.0 for record in records}
    return {each: (payload | {"indexed_at": None}, list(vectors[each])) for each, payload in payloads.items()}
