"""What only the embedded store promises: one process at a time, nothing lost to kill -9, searches during a rebuild."""

import asyncio
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from searchindex.errors import StoreUnavailable
from searchindex.filters import AnyOf
from searchindex.points import PointId
from searchindex.ports import Point, Query
from searchindex.stores.edge import EdgeStore
from tests.searchindex.stores.samples import CONFIG, clustered, fan

ROOT = Path(__file__).resolve().parents[3]


@contextmanager
def writer(folder: Path, *, start: int = 0) -> Iterator["subprocess.Popen[bytes]"]:
    """Another process that writes into `folder` until it is killed."""
    program = [sys.executable, "-m", "tests.searchindex.stores.edge_writer", str(folder), str(start)]
    with subprocess.Popen(program, cwd=ROOT, stdout=subprocess.PIPE) as process:  # noqa: S603
        try:
            yield process
        finally:
            process.kill()


def shards(folder: Path) -> list[Path]:
    return list(folder.glob("shard-*"))


def damage(folder: Path) -> None:
    """Overwrite what the engine says of its segments."""
    for segment in folder.glob("shard-*/segments/*/segment.json"):
        segment.write_text("{")


def killed(process: "subprocess.Popen[bytes]", *, after: float) -> int:
    """Kill -9 `after` seconds from its first word. Returns how many points it had said to be durable."""
    assert process.stdout is not None
    assert process.stdout.readline() == b"begun\n"
    time.sleep(after)
    process.kill()
    said = process.stdout.read().split(b"\n")
    return int(said[-2]) if len(said) > 1 else 0


async def test_what_was_acknowledged_survives_kill_9(tmp_path: Path):
    """A laptop loses power to a process at any moment; what an upsert returned for must be there."""
    rng, durable = random.Random(5), 0
    for _ in range(5):
        with writer(tmp_path, start=durable) as process:
            durable = max(durable, killed(process, after=rng.uniform(0, 0.5)))
        store = EdgeStore(tmp_path)
        await store.create(CONFIG)
        ids = [record.id async for record in store.scroll()]
        assert set(ids) >= set(range(durable))
        assert await store.count(AnyOf("category", ("cat",))) == len(ids)
        await store.close()
    assert durable > 0


@pytest.mark.parametrize("milliseconds", [0, 5, 20, 60, 120])
async def test_a_creation_cut_short_is_made_good_by_the_next(tmp_path: Path, milliseconds: int):
    """Between the engine's files and our description lies a moment; a kill there must not spoil the folder."""
    with writer(tmp_path) as process:
        killed(process, after=milliseconds / 1000)
    store = EdgeStore(tmp_path)
    await store.create(CONFIG)
    await store.upsert(fan([7]))
    assert (await store.retrieve([PointId(7)]))[0].id == 7
    assert len(shards(tmp_path)) == 1
    await store.close()


async def test_leftovers_of_a_killed_creation_or_rebuild_are_removed(tmp_path: Path):
    """A directory that the description does not name is garbage, whatever is in it."""
    (tmp_path / "shard-dead0000").mkdir()
    (tmp_path / "shard-dead0000/junk").write_text("x")
    (tmp_path / "collection.json.new").write_text("{")
    store = EdgeStore(tmp_path)
    assert await store.state() is None
    await store.create(CONFIG)
    assert await store.count() == 0
    assert not (tmp_path / "shard-dead0000").exists()
    await store.close()


async def test_a_second_process_is_told_who_has_it(tmp_path: Path):
    """`searchindex index` beside `searchindex serve` must say what is wrong; and a kill leaves no lock behind."""
    with writer(tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        assert process.stdout.readline() == b"20\n"
        store = EdgeStore(tmp_path)
        with pytest.raises(StoreUnavailable, match=rf"in another process \(pid {process.pid}\)") as refused:
            await store.state()
        assert refused.value.hint
        process.kill()
        process.wait()
        assert await store.count() >= 20
        await store.close()


async def test_opened_twice_in_one_process_is_refused(tmp_path: Path):
    """Two stores over one folder would each miss what the other writes."""
    first, second = EdgeStore(tmp_path), EdgeStore(tmp_path)
    await first.create(CONFIG)
    with pytest.raises(StoreUnavailable, match=rf"elsewhere in this process \(pid {os.getpid()}\)"):
        await second.create(CONFIG)
    await first.close()
    await second.create(CONFIG)
    await second.close()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}', '{"format": 99, "shard": "shard-x"}'])
async def test_a_damaged_description_is_told_clearly(tmp_path: Path, text: str):
    """The reader learns which file it is and what to do, not a KeyError."""
    store = EdgeStore(tmp_path)
    await store.create(CONFIG)
    await store.close()
    (tmp_path / "collection.json").write_text(text)
    again = EdgeStore(tmp_path)
    with pytest.raises(StoreUnavailable, match=r"damaged \(collection\.json\)") as refused:
        await again.state()
    assert "backup" in refused.value.hint
    await again.close()


async def test_damaged_engine_files_are_told_clearly(tmp_path: Path):
    """What the engine says is shortened and comes with a way out."""
    store = EdgeStore(tmp_path)
    await store.create(CONFIG)
    await store.close()
    damage(tmp_path)
    again = EdgeStore(tmp_path)
    with pytest.raises(StoreUnavailable) as refused:
        await again.count()
    assert refused.value.hint
    assert len(refused.value.message) < 500
    await again.close()


async def test_a_place_that_cannot_be_written_is_told_clearly(tmp_path: Path):
    """A file where the folder should be, a path below a file: no bare OSError comes out."""
    (tmp_path / "file").write_text("x")
    store = EdgeStore(tmp_path / "file" / "index")
    with pytest.raises(StoreUnavailable) as refused:
        await store.create(CONFIG)
    assert refused.value.hint
    await store.close()


async def test_searches_are_answered_while_the_index_is_built(tmp_path: Path):
    """Building takes long and holds the interpreter where it runs: requests must go on, and see every point."""
    rows = clustered(3_000, 1_024)
    store = EdgeStore(tmp_path)
    await store.create(replace(CONFIG, dim=1_024))
    await store.upsert([Point(PointId(place), row, {}) for place, row in enumerate(rows)])
    building = asyncio.create_task(store.optimize())
    answered = 0
    while not building.done():
        (hits,) = await store.search([Query(vector=rows[answered % 50], limit=1)])
        assert hits[0].id == answered % 50
        answered += 1
        await asyncio.sleep(0.01)
    await building
    state = await store.state()
    assert state is not None
    assert (state.points, state.indexed) == (3_000, 3_000)
    assert answered >= 10
    assert len(shards(tmp_path)) == 1
    await store.close()
