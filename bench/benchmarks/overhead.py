"""What the service itself costs, over HTTP on loopback: everything but encoding and searching, and an answer from the cache."""

import asyncio
import atexit
import http.client
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

from bench.benchmark import Benchmark, Sampler, Setup
from bench.caller import Reply, ask, wait_for
from bench.figures import Figure, Of, Round, Sample, median_of, ratio_of
from bench.listening import LOOPBACK
from bench.vectors import cloud
from cli.workspace import sample_model, samples
from searchindex.collection import CollectionConfig
from searchindex.points import ImagePayload, content_hash, point_id
from searchindex.ports import Point
from searchindex.stores.edge import EdgeStore

PRODUCT, ECHO = "searchindex", "echo"
REQUESTS, QUICK_REQUESTS = 200, 50
ENDING_SECONDS = 30


def prepare(setup: Setup) -> None:
    """An index of the samples' size and payloads, with vectors made up."""
    asyncio.run(_build(setup))


async def _build(setup: Setup) -> None:
    model = sample_model()
    lines = [json.loads(line) for line in (samples() / "metadata.jsonl").read_text("utf-8").splitlines()]
    rows = cloud(len(lines), 0, dim=model.card.dim).stored
    store = EdgeStore(setup.folder / "index")
    await store.create(CollectionConfig(name="bench", dim=model.card.dim, fingerprint=model.fingerprint))
    await store.upsert([Point(point_id(line["file_path"]), row, _payload(line)) for line, row in zip(lines, rows, strict=True)])
    await store.optimize()
    await store.close()


def _payload(line: dict[str, Any]) -> dict[str, Any]:
    path: str = line["file_path"]
    return ImagePayload(
        file_path=path,
        file_name=path.rpartition("/")[2],
        s3_key=None,
        width=72,
        height=72,
        category=line["category"],
        content_hash=content_hash(path.encode()),
        mtime=1_700_000_000_000_000_000,
        size=4096,
        format="PNG",
        indexed_at="2026-01-01T00:00:00+00:00",
        title=line["title"],
        tags=tuple(line["tags"]),
    ).as_payload()


@dataclass(frozen=True, slots=True)
class Served:
    """A server in a process of its own, so that the caller's work is not counted as the server's; it ends when this one does."""

    server: "subprocess.Popen[str]"
    connection: http.client.HTTPConnection
    count: int
    numbers: Iterator[int]

    def product(self) -> Sample:
        """Queries that nobody asked before, then one that somebody did."""
        self._connect()
        missed = [self._new() for _ in range(self.count)]
        hits = [ask(self.connection, "are you there") for _ in range(self.count)]
        return {
            "own": [reply.own for reply in missed],
            "http": [reply.http for reply in missed],
            "cached": [reply.stages["total"] for reply in hits],
            "cached http": [reply.wall for reply in hits],
        }

    def echo(self) -> Sample:
        self._connect()
        return {"http": [self._new().wall for _ in range(self.count)]}

    def _connect(self) -> None:
        """Anew for every sample: a server gives up a connection on which nothing was asked for some seconds."""
        self.connection.close()
        self.connection.connect()

    def _new(self) -> Reply:
        return ask(self.connection, f"a picture of number {next(self.numbers)}")


def open_arm(setup: Setup, *, arm: str) -> Sampler:
    served = serve(setup, arm=arm)
    return served.product if arm == PRODUCT else served.echo


def serve(setup: Setup, *, arm: str, environ: Mapping[str, str] = MappingProxyType({})) -> Served:
    """A server that answers; `environ` beside the environment of this process."""
    command = [sys.executable, "-m", "bench.served", arm, str(setup.folder / "index")]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | environ)
    atexit.register(end, server)
    port = int(server.stdout.readline()) if server.stdout else 0
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=30)
    wait_for(connection)
    return Served(server, connection, QUICK_REQUESTS if setup.quick else REQUESTS, itertools.count())


def end(server: "subprocess.Popen[str]") -> None:
    """And wait: a server still writes into its folder, which is removed afterwards."""
    if server.stdin:
        server.stdin.close()
    try:
        server.wait(ENDING_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def figures(rounds: Sequence[Round]) -> list[Figure]:
    bare, p95 = Of(ECHO, "http"), 0.95
    return [
        ratio_of("search without encode and search / bare route, whole HTTP exchange, P50", rounds, Of(PRODUCT, "http"), bare),
        ratio_of("answer from the cache / bare route, whole HTTP exchange, P50", rounds, Of(PRODUCT, "cached http"), bare),
        median_of("own share of a search (total - encode - search), P50", rounds, Of(PRODUCT, "own"), unit="ms"),
        median_of("own share of a search (total - encode - search), P95", rounds, Of(PRODUCT, "own", p95), unit="ms"),
        median_of("answer from the cache, in the server, P50", rounds, Of(PRODUCT, "cached"), unit="ms"),
        median_of("answer from the cache, in the server, P95", rounds, Of(PRODUCT, "cached", p95), unit="ms"),
        median_of("bare route, whole HTTP exchange, P50", rounds, bare, unit="ms"),
    ]


BENCHMARK = Benchmark(
    name="overhead",
    compares="POST /search with a stub for the encoder and the real engine at the samples' size, against a bare FastAPI route.",
    rounds=12,
    prepare=prepare,
    arms={arm: partial(open_arm, arm=arm) for arm in (PRODUCT, ECHO)},
    figures=figures,
)
