"""F-18 over many pictures: the pipeline killed at random moments, with an encoder that costs nothing.

`FAULT_SCALE=5` makes it 20 kills over 50,000 pictures; `make test` has a smaller one.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from searchindex.points import PointId, content_hash, point_id
from searchindex.stores.qdrant import QdrantStore
from tests.engines import QdrantServer, qdrant_server
from tests.faults.record import ROOT, SCALE, record, scaled
from tests.faults.stub_index import colour

__all__ = ["qdrant_server"]

PICTURES = min(50_000, scaled(10_000)) if "FAULT_SCALE" in os.environ else 1500
KILLS = scaled(4)
LEDGER = "shard-0-of-1.jsonl"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures in a hundred folders, each of a colour of its own."""
    root = tmp_path_factory.mktemp("many")
    for number in range(PICTURES):
        path = root / f"{number % 100:02}/{number:06}.bmp"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(colour(number))
    return root


def start(folder: Path, collection: str, server: QdrantServer, ledger: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.faults.stub_index", str(folder), collection, str(server.http_port), str(server.grpc_port)]
    return subprocess.Popen([*command, str(ledger)], cwd=ROOT, stdout=subprocess.PIPE, text=True)  # noqa: S603  # our own


def killed(process: "subprocess.Popen[str]", *, settled: int, later: float) -> bool:
    """Whether it was killed at work, some time after so many pictures were settled."""
    assert process.stdout
    for line in process.stdout:
        if json.loads(line)["processed"] >= settled:
            time.sleep(later)
            break
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return process.returncode == -signal.SIGKILL


async def found(server: QdrantServer, collection: str) -> tuple[dict[PointId, tuple[str, str]], dict[PointId, bytes]]:
    """Path and content of each point, and its vector; the collection is dropped."""
    store = QdrantStore(server.host, collection=collection, http_port=server.http_port, grpc_port=server.grpc_port, timeout=60)
    payloads = {record.id: record.payload async for record in store.scroll()}
    ids, vectors = list(payloads), {}
    for at in range(0, len(ids), 5000):
        records = await store.retrieve(ids[at : at + 5000], with_vectors=True)
        vectors |= {each.id: np.round(each.vector, 4).tobytes() for each in records}
    assert await store.count() == len(ids)
    await store.drop()
    await store.close()
    return {each: (payload["file_path"], payload["content_hash"]) for each, payload in payloads.items()}, vectors


@pytest.mark.timeout(int(300 + 600 * SCALE))
async def test_no_kill_costs_a_picture(folder: Path, qdrant_server: QdrantServer, tmp_path: Path):
    """0 lost, 0 phantom, 0 double; vectors and ledger as of a run that nobody disturbed."""
    calm = start(folder, "calm", qdrant_server, tmp_path / "calm")
    calm.communicate()
    assert calm.returncode == 0
    moments, kills, account = random.Random(50), 0, tmp_path / "killed" / LEDGER
    for settled in sorted(moments.randrange(PICTURES) for _ in range(KILLS)):
        hit = killed(start(folder, "killed", qdrant_server, account.parent), settled=settled, later=moments.uniform(0, 0.1))
        if account.exists():  # its run was over when the kill came: another one would be a second run, which finds all unchanged
            break
        kills += hit
    else:
        last = start(folder, "killed", qdrant_server, account.parent)
        last.communicate()
        assert last.returncode == 0
    (points, vectors), (expected, of_calm) = await found(qdrant_server, "killed"), await found(qdrant_server, "calm")
    bad = wrong(folder, points) + [each for each in of_calm if vectors.get(each) != of_calm[each]]
    ledgers = [
        (tmp_path / name / LEDGER).read_bytes().replace(b'"collection":"calm"', b'"collection":"killed"') for name in ("calm", "killed")
    ]
    assert kills > 0
    assert points == expected
    assert without_digest(ledgers[0]) == without_digest(ledgers[1])
    record("F-18", kills, bad, measured=f"{kills} kills over {PICTURES:,} pictures")


def wrong(folder: Path, points: dict[PointId, tuple[str, str]]) -> list[object]:
    """Lost and made-up ones, and those with another picture's content."""
    wanted = {}
    for path in folder.rglob("*.bmp"):
        uri = path.relative_to(folder).as_posix()
        wanted[point_id(uri)] = (uri, content_hash(path.read_bytes()))
    return [each for each in wanted.keys() | points.keys() if wanted.get(each) != points.get(each)]


def without_digest(ledger: bytes) -> bytes:
    """The digest is over the collection's name, too."""
    return ledger.rstrip(b"\n").rpartition(b"\n")[0]
