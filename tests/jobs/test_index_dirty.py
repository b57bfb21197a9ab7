"""Sources that change, break or fail under the run: everything is accounted for, and the next run repairs it."""

import os
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jobs.decoding import Picture, decode_here
from jobs.folder import Folder
from jobs.index import Indexing, index
from jobs.journal import Begun, NoJournal
from jobs.ledger import Ledger, Outcome
from jobs.patience import Patience
from jobs.plan import Intent
from jobs.sources import Source, SourceUnavailable
from searchindex.catalogue import ImageCard, find_card
from searchindex.collection import CollectionConfig
from searchindex.errors import InvalidImage, ModelUnavailable, StoreUnavailable
from searchindex.points import point_id
from searchindex.ports import Point
from searchindex.stores.edge import EdgeStore
from tests.fakes import DIM, FakeImageEncoder
from tests.faults.record import record
from tests.pictures import colour_of, folder_of, picture

CARD = find_card("ResNet10-MiniLM").image


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[EdgeStore]:
    made = EdgeStore(tmp_path / "store")
    await made.create(CollectionConfig(name="test", dim=DIM, fingerprint="f"))
    yield made
    await made.close()


class Meanwhile(NoJournal):
    """Does something after the pictures are listed and before the first one is read."""

    def __init__(self, act: Callable[[], object]) -> None:
        self.act = act

    def begin(self, intents: Mapping[str, Intent]) -> Begun:
        self.act()
        return super().begin(intents)


async def run(root: Path, store: EdgeStore, **more: Any) -> Ledger:
    facts = {"encoder": FakeImageEncoder(), "annotations": {}, "batch_size": 8} | more
    return await index(Indexing(**({"sources": Folder(root), "store": store, "card": CARD} | facts)))


def reasons(ledger: Ledger) -> dict[str, tuple[str, str]]:
    return {problem.uri: (problem.outcome.value, problem.reason) for problem in ledger.problems}


@pytest.mark.fault("F-26")
async def test_files_that_change_under_the_run(tmp_path: Path, store: EdgeStore):
    """Vanished, cut, grown too large, or replaced by a pipe after they were listed: each costs only itself; the next run mends it."""
    root = folder_of(tmp_path / "pictures", 10)

    def meanwhile() -> None:
        (root / "cats/0001.png").unlink()
        (root / "cats/0003.png").write_bytes(picture(colour_of(3), size=(300, 300))[:100])
        with (root / "cats/0005.png").open("r+b") as file:
            file.truncate(60_000_000)
        (root / "cats/0007.png").write_bytes(picture(colour_of(7), size=(60, 60)))
        (root / "cats/0009.png").unlink()
        os.mkfifo(root / "cats/0009.png")

    ledger = await run(root, store, journal=Meanwhile(meanwhile))
    assert reasons(ledger) == {
        "cats/0001.png": ("skipped", "vanished"),
        "cats/0003.png": ("failed", "truncated"),
        "cats/0005.png": ("failed", "too-large"),
        "cats/0009.png": ("failed", "unreadable"),
    }
    assert (ledger.seen, ledger.total, await store.count()) == (10, 10, 6)
    (root / "cats/0009.png").unlink()
    for number in (1, 3, 5, 9):
        (root / f"cats/{number:04}.png").write_bytes(picture(colour_of(number)))
    again = await run(root, store)
    assert (again.counts, await store.count()) == ({Outcome.INDEXED: 4, Outcome.UNCHANGED: 6}, 10)


@pytest.mark.fault("F-26")
async def test_what_cannot_be_read_keeps_its_point(tmp_path: Path, store: EdgeStore):
    """A disk that fails for an hour says nothing about what its pictures show."""
    root = folder_of(tmp_path / "pictures", 4)
    await run(root, store)
    os.utime(root / "cats/0001.png", (1, 1))

    def meanwhile() -> None:
        (root / "cats/0001.png").unlink()
        (root / "cats/0001.png").symlink_to("0001.png")  # opening it fails, whoever asks

    ledger = await run(root, store, journal=Meanwhile(meanwhile))
    assert reasons(ledger) == {"cats/0001.png": ("failed", "unreadable")}
    assert await store.count() == 4


def soil(root: Path, count: int) -> dict[str, int]:
    """Pictures and all that one finds among them; how many are to be `ok` and how many `not`."""
    drawn = random.Random(26)
    makers: list[Callable[[Path], object]] = [
        lambda path: path.write_bytes(picture((1, 2, 3))[: drawn.randrange(1, 60)]),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(drawn.randbytes(50)),
        lambda path: path.symlink_to(path),
        lambda path: path.symlink_to("/etc/hostname"),
        lambda path: path.symlink_to(root / "nowhere.png"),
        os.mkfifo,
    ]
    sizes = {"ok": 0, "not": 0}
    for number in range(count):
        odd = number % 5 == 0
        name = f"{number}.png" if number % 3 else os.fsdecode(b"\xff%d.png" % number) if odd else f"ü {number}\n.png"
        path = root / name
        makers[number % len(makers)](path) if odd else path.write_bytes(picture(colour_of(number), size=(4, 4)))
        sizes["not" if odd else "ok"] += 1
    return sizes


async def test_a_dirty_folder_is_wholly_accounted_for(tmp_path: Path, store: EdgeStore):
    """Thousands of entries in one folder, a fifth of them unusable in every way: ok + skipped + failed = seen."""
    root = tmp_path / "pictures"
    root.mkdir()
    sizes = soil(root, 5000 if "FAULT_SCALE" in os.environ else 1000)
    ledger = await run(root, store, batch_size=256)
    assert ledger.counts[Outcome.INDEXED] == sizes["ok"] == await store.count()
    assert ledger.counts[Outcome.SKIPPED] + ledger.counts[Outcome.FAILED] == sizes["not"] == len(ledger.problems)
    assert len(ledger.entries) == ledger.total == sum(sizes.values())
    assert (await run(root, store)).counts[Outcome.UNCHANGED] == sizes["ok"]
    record("F-26", ledger.total, measured="each entry of a dirty tree is a case")


class Choking(FakeImageEncoder):
    """Refuses any batch with a white picture in it."""

    def encode_images(self, pixels: np.ndarray) -> np.ndarray:
        if (pixels.reshape(len(pixels), -1).min(1) > 0.9).any():
            raise RuntimeError("the runtime gave up")
        return super().encode_images(pixels)


async def test_a_picture_that_the_model_chokes_on(tmp_path: Path, store: EdgeStore):
    """It fails by itself, and is not found by what the file showed before."""
    root = folder_of(tmp_path / "pictures", 12)
    await run(root, store)
    (root / "cats/0005.png").write_bytes(picture((255, 255, 255)))
    (root / "new.png").write_bytes(picture((9, 9, 9)))
    ledger = await run(root, store, encoder=Choking())
    assert reasons(ledger) == {"cats/0005.png": ("failed", "encode-failed")}
    assert (ledger.counts[Outcome.INDEXED], await store.count()) == (1, 12)
    assert not await store.retrieve([point_id("cats/0005.png")])


async def test_a_decoder_may_be_anywhere(tmp_path: Path, store: EdgeStore):
    """The seam for other processes: what it raises of the picture, or by a defect, costs that picture."""

    def elsewhere(content: bytes, card: ImageCard) -> Picture:
        if content == picture(colour_of(1)):
            raise ZeroDivisionError
        if content == picture(colour_of(2)):
            raise InvalidImage("The process died of it.", reason="decoder-crashed")
        return decode_here(content, card)

    ledger = await run(folder_of(tmp_path / "pictures", 4), store, decode=elsewhere)
    assert reasons(ledger) == {"cats/0001.png": ("failed", "decode-failed"), "dogs/0002.png": ("failed", "decoder-crashed")}
    assert ledger.counts[Outcome.INDEXED] == 2


async def test_a_decoder_that_is_gone_ends_the_run(tmp_path: Path, store: EdgeStore):
    """What is not the picture's fault is not held against it: no picture is counted as broken, none is removed."""

    def gone(_content: bytes, _card: ImageCard) -> Picture:
        raise ModelUnavailable("There is no decoder.")

    root = folder_of(tmp_path / "pictures", 4)
    await run(root, store)
    (root / "cats/0001.png").write_bytes(picture((7, 7, 7)))
    with pytest.raises(ModelUnavailable):
        await run(root, store, decode=gone)
    assert await store.count() == 4


class Gone(Folder):
    """Answers nothing, and takes its time about it."""

    asked = 0

    def read(self, source: Source) -> bytes:  # noqa: ARG002  # the port's
        Gone.asked += 1
        time.sleep(0.02)
        raise SourceUnavailable("It does not answer.")


async def test_a_source_that_is_gone_is_not_asked_for_every_picture(tmp_path: Path, store: EdgeStore):
    """Each answer may take a minute: the run ends with the first, and blames no picture."""
    root = folder_of(tmp_path / "pictures", 100)
    with pytest.raises(SourceUnavailable):
        await run(root, store, sources=Gone(root), batch_size=100, workers=1)
    assert Gone.asked < 50


class Forgetful(EdgeStore):
    """Fails at some of its calls, once each; the points it acknowledged are there."""

    failures = 0

    async def upsert(self, points: list[Point]) -> None:
        self.failures += 1
        if self.failures % 2:
            raise StoreUnavailable("It restarts.")
        await super().upsert(points)


async def test_a_store_that_comes_back_is_waited_for(tmp_path: Path):
    """Every upsert fails once: the run takes a little longer, and nothing is lost."""
    store = Forgetful(tmp_path / "store")
    await store.create(CollectionConfig(name="test", dim=DIM, fingerprint="f"))
    ledger = await run(folder_of(tmp_path / "pictures", 20), store, patience=Patience(budget=5, first=0.001))
    assert (ledger.counts[Outcome.INDEXED], await store.count(), store.failures) == (20, 20, 6)
    await store.close()
