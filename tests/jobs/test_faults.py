"""Killed at random moments, the program and the server: nothing is lost, nothing is doubled, and the account is the same.

`FAULT_SCALE` multiplies the kills.
"""

import asyncio
import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from searchindex.points import content_hash, point_id
from searchindex.stores.qdrant import QdrantStore
from tests.engines import Engine, QdrantServer, start_qdrant
from tests.jobs.processes import SAMPLES, Content, content_of, environment, here, start

SCALE = int(os.environ.get("FAULT_SCALE", "1"))
BATCH = 16
LEDGER = "shard-0-of-1.jsonl"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A folder before and after: new, changed, touched, removed and broken pictures, and some that stay as they are."""
    before, after = (tmp_path_factory.mktemp(name) for name in ("before", "after"))
    pictures = sorted(path.relative_to(SAMPLES / "pictures") for path in (SAMPLES / "pictures").rglob("*.png"))
    for number, name in enumerate(pictures):
        if number % 4 == 0:
            copy(name, before)
        if number % 16:
            copy(pictures[number - 1] if number % 16 == 4 else name, after, as_name=name, touched=number % 16 == 8)
    for number in range(40):
        (after / f"spoilt-{number}.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes([number]))
        os.utime(after / f"spoilt-{number}.png", ns=(number, number))
    return before, after


def copy(name: Path, folder: Path, *, as_name: Path | None = None, touched: bool = False) -> None:
    target = folder / (as_name or name)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(SAMPLES / "pictures" / name, target)
    moment = 2 if touched else 1 if as_name in (None, name) else 3
    os.utime(target, ns=(moment, moment))


def kill_when(settings: Mapping[str, str], *, settled: int, later: float) -> bool:
    """Begin to index, and kill -9 some time after so many pictures are settled. Whether it was killed at work."""
    process = start(settings)
    assert process.stdout
    for line in process.stdout:
        if json.loads(line).get("processed", 0) >= settled:
            break
    time.sleep(later)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return process.returncode == -signal.SIGKILL


async def undisturbed(store: QdrantStore, before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Content, bytes]:
    """What the collection and the ledger are where nobody kills anything."""
    for settings in (before, after):
        assert (await here(settings))[0] == 0
    content = await content_of(store)
    ledger = await asyncio.to_thread((Path(after["LEDGER_DIR"]) / LEDGER).read_bytes)
    await store.drop()
    return content, ledger


@pytest.mark.timeout(600 * SCALE)
@pytest.mark.fault("F-18", cases=5 * SCALE)
async def test_killed_at_any_moment_it_ends_as_if_it_had_not_been(
    folders: tuple[Path, Path], qdrant_server: QdrantServer, on_server: QdrantStore, collection: str, tmp_path: Path
):
    """0 lost, 0 phantom, 0 double points, a ledger equal byte by byte, and nothing encoded that was already stored."""
    before, after = (
        environment(qdrant_server, collection, each, index_batch_size=BATCH, ledger_dir=tmp_path / "ledger", max_delete_percent=50)
        for each in folders
    )
    expected, ledger = await undisturbed(on_server, before, after)
    await here(before)
    moments, kills = random.Random(18), 0
    for settled in sorted(moments.randrange(len(expected)) for _ in range(5 * SCALE)):
        kills += await asyncio.to_thread(kill_when, after, settled=settled, later=moments.uniform(0, 0.2))
    missing = await missing_from(on_server, folders[1])
    status, job = await here(after)
    assert (status, kills > 0) == (0, True)
    assert job.ledger.encoded == missing
    assert_same(await content_of(on_server), expected)
    assert (tmp_path / "ledger" / LEDGER).read_bytes() == ledger


def assert_same(found: Content, expected: Content) -> None:
    """The same points, their payloads, and their vectors up to the last digits."""
    assert found.keys() == expected.keys()
    for each, (payload, vector) in expected.items():
        assert found[each][0] == payload
        assert np.allclose(found[each][1], vector, atol=2e-3)


async def missing_from(store: QdrantStore, folder: Path) -> int:
    """How many pictures of the folder are not in the collection with what they show."""
    stored = {record.id: record.payload["content_hash"] async for record in store.scroll()}
    pictures = {path.relative_to(folder).as_posix(): path.read_bytes() for path in whole(folder)}
    return sum(stored.get(point_id(uri)) != content_hash(content) for uri, content in pictures.items())


def whole(folder: Path) -> list[Path]:
    """The pictures that can be indexed."""
    return [path for path in folder.rglob("*.png") if not path.name.startswith("spoilt-")]


def kill_server(engine: Engine) -> None:
    """As a crash would: no goodbye."""
    assert engine.process
    engine.process.kill()
    engine.process.wait()


def serve_badly(settings: Mapping[str, str], engine: Engine, moments: list[int]) -> "tuple[int, str]":
    """Index while the server is killed, and started on the same storage, each time so many pictures are settled."""
    process: subprocess.Popen[str] = start(settings)
    assert process.stdout
    said = ""
    for said in process.stdout:
        if moments and json.loads(said).get("processed", 0) >= moments[0]:
            moments.pop(0)
            kill_server(engine)
            time.sleep(0.5)
            engine.start()
    _, errors = process.communicate(timeout=120)
    return process.returncode, said + errors


@pytest.mark.timeout(600 * SCALE)
@pytest.mark.fault("F-19", cases=2 * SCALE)
async def test_a_killed_server_costs_seconds_and_no_point(folders: tuple[Path, Path], tmp_path: Path):
    """Whatever the server acknowledged is there after it was killed in the middle of upserts, and the run waits for it."""
    (tmp_path / "qdrant").mkdir()
    server = await asyncio.to_thread(start_qdrant, tmp_path / "qdrant")
    try:
        settings = environment(server, "killed", folders[1], index_batch_size=BATCH, ledger_dir=tmp_path / "ledger")
        moments = sorted(random.Random(19).sample(range(16, 1000), 2 * SCALE))
        status, said = await asyncio.to_thread(serve_badly, settings, server.engine, moments)
        assert (status, moments) == (0, []), said
        store = QdrantStore(server.host, http_port=server.http_port, grpc_port=server.grpc_port, collection="killed")
        assert await missing_from(store, folders[1]) == 0
        assert await store.count() == len(whole(folders[1]))
        await store.close()
    finally:
        server.engine.stop()
