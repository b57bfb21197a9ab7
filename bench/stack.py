"""The servers of one arm: a Qdrant with a copy of the collection, a Redis, and the product or the baseline in front of them.

Every arm has its own, so that none finds what another left; the collection is built once. All of them end with the arm's process.
"""

import asyncio
import atexit
import http.client
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.caller import wait_for
from bench.listening import LOOPBACK
from bench.vectors import cloud
from searchindex.collection import CollectionConfig
from searchindex.models import PreparedModel
from searchindex.points import ImagePayload, content_hash, point_id
from searchindex.ports import Point
from searchindex.stores.qdrant import QdrantStore
from tests.engines import QdrantServer, RedisServer, free_ports, start_qdrant, start_redis

ROOT = Path(__file__).resolve().parent.parent
COLLECTION = "bench"
BUILT = "qdrant"
ENDING_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Stack:
    """The engines of one arm."""

    qdrant: QdrantServer
    redis: RedisServer


def build(folder: Path, model: PreparedModel, *, count: int) -> None:
    """A collection of `count` made-up vectors of the model, indexed, with the product's own settings."""
    (folder / BUILT).mkdir()
    server = start_qdrant(folder / BUILT)
    try:
        asyncio.run(_fill(server, model, count))
    finally:
        server.engine.stop()


async def _fill(server: QdrantServer, model: PreparedModel, count: int) -> None:
    store = QdrantStore(server.host, collection=COLLECTION, grpc_port=server.grpc_port, http_port=server.http_port, timeout=60)
    await store.create(CollectionConfig(name=COLLECTION, dim=model.card.dim, fingerprint=model.fingerprint))
    rows = cloud(count, 0, dim=model.card.dim).stored
    await store.upsert([Point(point_id(path), row, _payload(path)) for path, row in zip(map(_path, range(count)), rows, strict=True)])
    await store.optimize()
    await store.close()


def _path(number: int) -> str:
    return f"holidays/{number % 40:02}/picture-{number:06}.jpg"


def _payload(path: str) -> dict[str, object]:
    return ImagePayload(
        file_path=path,
        file_name=path.rpartition("/")[2],
        s3_key=None,
        width=1600,
        height=1200,
        category=path.split("/")[1],
        content_hash=content_hash(path.encode()),
        mtime=1_700_000_000_000_000_000,
        size=345_678,
        format="JPEG",
        indexed_at="2026-01-01T00:00:00+00:00",
        title=None,
        tags=(),
    ).as_payload()


def open_stack(folder: Path, *, arm: str) -> Stack:
    """With a copy of what `build` left in the folder."""
    own = folder / f"arm-{arm}"
    shutil.copytree(folder / BUILT, own)
    qdrant = start_qdrant(own)
    atexit.register(qdrant.engine.stop)
    (own / "redis").mkdir()
    redis = start_redis(own / "redis")
    atexit.register(redis.engine.stop)
    return Stack(qdrant, redis)


def start_product(stack: Stack, model: Path, *, redis_port: int | None, redis_password: str = "") -> int:
    """The port of `python -m service`, as it is deployed but for the addresses; without a Redis it keeps no answers at all."""
    (port,) = free_ports(1)
    cache = {"CACHE_ENTRIES": "0"} if redis_port is None else {"REDIS_HOST": LOOPBACK, "REDIS_PORT": str(redis_port)}
    environment = {
        "MODEL_PATH": str(model),
        "QDRANT_HOST": LOOPBACK,
        "QDRANT_PORT": str(stack.qdrant.http_port),
        "QDRANT_GRPC_PORT": str(stack.qdrant.grpc_port),
        "QDRANT_COLLECTION": COLLECTION,
        "API_PORT": str(port),
        "LOG_LEVEL": "error",
    }
    environment |= {"REDIS_PASSWORD": redis_password, **cache}
    server = subprocess.Popen([sys.executable, "-m", "service"], cwd=ROOT, env=os.environ | environment, stdout=sys.stderr)
    atexit.register(_end, server)
    _wait(port)
    return port


def start_listening(command: Sequence[str]) -> int:
    """The port of a server of `bench.listening`."""
    server = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(_end, server)
    port = int(server.stdout.readline()) if server.stdout else 0
    _wait(port)
    return port


def _wait(port: int) -> None:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=30)
    wait_for(connection)
    connection.close()


def _end(server: "subprocess.Popen[str] | subprocess.Popen[bytes]") -> None:
    server.terminate()
    try:
        server.wait(ENDING_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
