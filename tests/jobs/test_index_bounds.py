"""What a run is responsible for, and what makes it give up."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jobs.folder import Folder
from jobs.index import Indexing, index
from jobs.ledger import Ledger, Outcome
from jobs.limits import FailureBudgetExceeded, Limits, PruneLimitExceeded
from jobs.listing import Scope
from jobs.shards import Shard
from jobs.sidecar import Annotation
from jobs.sources import Selection
from jobs.stop import Interrupted, Stop
from searchindex.catalogue import find_card
from searchindex.collection import CollectionConfig
from searchindex.points import point_id
from searchindex.ports import Point
from searchindex.stores.edge import EdgeStore
from tests.fakes import DIM, FakeImageEncoder, unit
from tests.pictures import folder_of, picture

CARD = find_card("ResNet10-MiniLM").image


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[EdgeStore]:
    made = EdgeStore(tmp_path / "store")
    await made.create(CollectionConfig(name="test", dim=DIM, fingerprint="f"))
    yield made
    await made.close()


async def run(root: Path, store: EdgeStore, ledger: Ledger | None = None, **more: Any) -> Ledger:
    facts = {"encoder": FakeImageEncoder(), "annotations": {}, "batch_size": 8} | more
    return await index(Indexing(sources=Folder(root), store=store, card=CARD, **facts), ledger)


async def paths(store: EdgeStore) -> set[str]:
    return {record.payload["file_path"] async for record in store.scroll()}


async def test_shards_together_do_the_whole(tmp_path: Path, store: EdgeStore):
    """Each picture is done by one shard, and a shard removes nothing of another's."""
    root = folder_of(tmp_path / "pictures", 40)
    ledgers = [await run(root, store, scope=Scope(shard=Shard(n, 3))) for n in (2, 0, 1, 2, 0, 1)]
    assert [sum(ledger.counts[Outcome.INDEXED] for ledger in part) for part in (ledgers[:3], ledgers[3:])] == [40, 0]
    assert sum(ledger.total or 0 for ledger in ledgers[:3]) == sum(ledger.total or 0 for ledger in ledgers[3:]) == 40
    assert sum(ledger.counts[Outcome.DELETED] for ledger in ledgers) == 0
    assert await store.count() == 40


async def test_another_number_of_shards(tmp_path: Path, store: EdgeStore):
    """Scaling a Job up or down indexes nothing again, and still removes what is gone."""
    root = folder_of(tmp_path / "pictures", 40)
    for n in range(2):
        await run(root, store, scope=Scope(shard=Shard(n, 2)))
    (root / "cats/0001.png").unlink()
    ledgers = [await run(root, store, scope=Scope(shard=Shard(n, 5))) for n in range(5)]
    assert sum(ledger.encoded for ledger in ledgers) == 0
    assert sum(ledger.counts[Outcome.DELETED] for ledger in ledgers) == 1


async def test_sources_share_a_collection(tmp_path: Path, store: EdgeStore):
    """Each sees its own points only, although their pictures have the same names; the sidecar's paths are those in the folder."""
    first, second = folder_of(tmp_path / "a", 6), folder_of(tmp_path / "b", 6)
    annotations = {"phone/cats/0001.png": Annotation(tags=("x",))}
    await run(first, store, scope=Scope(source="phone"), annotations=annotations)
    await run(second, store, scope=Scope(source="camera"))
    assert await store.count() == 12
    (second / "cats/0001.png").unlink()
    ledger = await run(second, store, scope=Scope(source="camera"))
    assert ledger.counts[Outcome.DELETED] == 1
    assert {path for path in await paths(store) if path.endswith("cats/0001.png")} == {"phone/cats/0001.png"}
    (record,) = await store.retrieve([point_id("phone/cats/0001.png")])
    assert (record.payload["tags"], record.payload["category"], record.payload["file_name"]) == (["x"], "cats", "0001.png")


async def test_points_of_other_programs_are_left_alone(tmp_path: Path, store: EdgeStore):
    """What has no path, or an id that does not follow from it, was not made by this program."""
    strangers = [Point(point_id("1"), unit("1"), {}), Point(point_id("2"), unit("2"), {"file_path": "else.png"})]
    await store.upsert(strangers)
    ledger = await run(folder_of(tmp_path / "pictures", 4), store)
    assert (ledger.counts[Outcome.DELETED], await store.count()) == (0, 6)


async def test_what_the_patterns_no_longer_choose_is_removed(tmp_path: Path, store: EdgeStore):
    """The collection follows what is to be indexed."""
    root = folder_of(tmp_path / "pictures", 8)
    await run(root, store)
    await run(root, store, selection=Selection(exclude=["dogs/*"]))
    assert {path.partition("/")[0] for path in await paths(store)} == {"cats"}


async def test_a_wrong_mount_does_not_empty_the_index(tmp_path: Path, store: EdgeStore):
    """Too much gone: nothing is removed, what is new is indexed all the same, and the run fails until it is told otherwise."""
    root = folder_of(tmp_path / "pictures", 10)
    await run(root, store)
    for number in (0, 2, 4):
        (root / f"dogs/{number:04}.png").unlink()
    (root / "new.png").write_bytes(picture((1, 2, 3)))
    with pytest.raises(PruneLimitExceeded, match="3 of 10"):
        await run(root, store, limits=Limits(deleted=20))
    assert await store.count() == 11
    ledger = await run(root, store, limits=Limits(deleted=30))
    assert (ledger.counts[Outcome.DELETED], await store.count()) == (3, 8)


async def test_without_pruning_nothing_is_removed(tmp_path: Path, store: EdgeStore):
    """Whoever keeps what is gone may lose any number of files."""
    root = folder_of(tmp_path / "pictures", 4)
    await run(root, store)
    (root / "cats/0001.png").unlink()
    ledger = await run(root, store, limits=Limits(prune=False, deleted=0))
    assert (ledger.counts[Outcome.DELETED], await store.count()) == (0, 4)


async def test_too_many_failures_end_the_run_early(tmp_path: Path, store: EdgeStore):
    """A quarter may fail and more do: the run ends as soon as that is certain, and tells how far it came."""
    root = folder_of(tmp_path / "pictures", 40)
    for number in range(20):
        (root / f"a{number}.png").write_bytes(b"no picture")
    ledger = Ledger()
    with pytest.raises(FailureBudgetExceeded, match="16 of 60"):
        await run(root, store, ledger, limits=Limits(failed=25))
    assert await store.count() == ledger.counts[Outcome.INDEXED] < 8
    await run(root, store, limits=Limits(failed=34))
    assert await store.count() == 40


class AskedAt(FakeImageEncoder):
    """Asks the run to stop while the n-th picture is encoded."""

    def __init__(self, stop: Stop, at: int) -> None:
        super().__init__()
        self.stop, self.at, self.loop = stop, at, asyncio.get_running_loop()

    def encode_images(self, pixels: np.ndarray) -> np.ndarray:
        rows = super().encode_images(pixels)
        if self.encoded >= self.at:
            self.loop.call_soon_threadsafe(self.stop.ask)
        return rows


async def test_asked_to_stop_it_finishes_the_batch_in_hand(tmp_path: Path, store: EdgeStore):
    """What was encoded is stored, nothing new is begun, nothing is removed; the next run goes on."""
    root = folder_of(tmp_path / "pictures", 40)
    stop, ledger = Stop(), Ledger()
    with pytest.raises(Interrupted):
        await run(root, store, ledger, encoder=AskedAt(stop, 16), stop=stop)
    assert (ledger.counts[Outcome.INDEXED], await store.count()) == (16, 16)
    assert (await run(root, store)).encoded == 24
