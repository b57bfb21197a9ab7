"""The indexing pipeline against the real embedded engine."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from jobs.folder import Folder
from jobs.index import Indexing, index
from jobs.ledger import Ledger, Outcome
from jobs.sidecar import Annotation
from searchindex.catalogue import find_card
from searchindex.collection import CollectionConfig
from searchindex.points import point_id
from searchindex.stores.edge import EdgeStore
from tests.fakes import DIM, FakeImageEncoder
from tests.pictures import folder_of, picture

CARD = find_card("ResNet10-MiniLM").image


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[EdgeStore]:
    made = EdgeStore(tmp_path / "store")
    await made.create(CollectionConfig(name="test", dim=DIM, fingerprint="f"))
    yield made
    await made.close()


async def run(root: Path, store: EdgeStore, *, encoder: FakeImageEncoder | None = None, annotations=None) -> Ledger:
    return await index(
        Indexing(
            sources=Folder(root), store=store, encoder=encoder or FakeImageEncoder(), card=CARD, annotations=annotations or {}, batch_size=8
        )
    )


async def test_every_picture_is_indexed_with_what_is_known_of_it(tmp_path: Path, store: EdgeStore):
    """The payload holds the seed's fields and the folder as the category."""
    ledger = await run(folder_of(tmp_path / "pictures", 20), store)
    assert ledger.counts == {Outcome.INDEXED: 20}
    (record,) = await store.retrieve([point_id("cats/0001.png")])
    expected = {"file_name": "0001.png", "category": "cats", "width": 40, "height": 30, "format": "PNG"}
    assert expected.items() <= record.payload.items()


async def test_a_second_run_encodes_nothing(tmp_path: Path, store: EdgeStore):
    """Running it again costs a listing."""
    root = folder_of(tmp_path / "pictures", 20)
    await run(root, store)
    encoder = FakeImageEncoder()
    ledger = await run(root, store, encoder=encoder)
    assert (encoder.encoded, ledger.counts[Outcome.UNCHANGED]) == (0, 20)


async def test_a_touched_or_copied_file_is_not_encoded_again(tmp_path: Path, store: EdgeStore):
    """A fresh checkout has new times and old content; the run after it does not even read."""
    root = folder_of(tmp_path / "pictures", 10)
    await run(root, store)
    for path in root.rglob("*.png"):
        os.utime(path, (1, 1))
    encoder = FakeImageEncoder()
    ledger = await run(root, store, encoder=encoder)
    assert (encoder.encoded, ledger.counts[Outcome.UNCHANGED]) == (0, 10)
    assert (await store.retrieve([point_id("cats/0001.png")]))[0].payload["mtime"] == 10**9


async def test_changed_added_and_deleted_pictures(tmp_path: Path, store: EdgeStore):
    """The collection follows the folder."""
    root = folder_of(tmp_path / "pictures", 10)
    await run(root, store)
    (root / "cats/0001.png").write_bytes(picture((1, 2, 3), size=(99, 9)))
    (root / "cats/0003.png").unlink()
    (root / "new.webp").write_bytes(picture((9, 9, 9), kind="WEBP"))
    ledger = await run(root, store)
    assert ledger.counts == {Outcome.INDEXED: 2, Outcome.UNCHANGED: 8, Outcome.DELETED: 1}
    assert await store.count() == 10
    assert (await store.retrieve([point_id("cats/0001.png")]))[0].payload["width"] == 99


async def test_new_metadata_is_taken_over_without_encoding(tmp_path: Path, store: EdgeStore):
    """Tags can be changed as often as one likes."""
    root = folder_of(tmp_path / "pictures", 4)
    await run(root, store)
    encoder = FakeImageEncoder()
    await run(root, store, encoder=encoder, annotations={"cats/0001.png": Annotation(category="lions", tags=("big",))})
    (record,) = await store.retrieve([point_id("cats/0001.png")])
    assert (encoder.encoded, record.payload["category"], record.payload["tags"]) == (0, "lions", ["big"])


async def test_a_broken_picture_costs_only_itself(tmp_path: Path, store: EdgeStore):
    """What could be indexed is indexed, and the rest is listed with reasons."""
    root = folder_of(tmp_path / "pictures", 6)
    (root / "cut.png").write_bytes(picture((1, 1, 1), size=(300, 300))[:200])
    (root / "empty.jpg").write_bytes(b"")
    (root / "text.png").write_text("no picture")
    (root / os.fsdecode(b"caf\xe9.png")).write_bytes(picture((2, 2, 2)))
    ledger = await run(root, store)
    assert ledger.counts[Outcome.INDEXED] == 6
    assert {(problem.uri, problem.reason) for problem in ledger.problems} == {
        ("cut.png", "truncated"),
        ("empty.jpg", "empty"),
        ("text.png", "unsupported-format"),
        ("caf\udce9.png", "name-not-utf8"),
    }
    assert ledger.seen == 10


async def test_a_picture_that_breaks_is_no_longer_found(tmp_path: Path, store: EdgeStore):
    """An index never shows what a file no longer holds."""
    root = folder_of(tmp_path / "pictures", 4)
    await run(root, store)
    (root / "cats/0001.png").write_bytes(b"broken")
    await run(root, store)
    assert await store.count() == 3


async def test_an_empty_folder(tmp_path: Path, store: EdgeStore):
    """Nothing to do is no error of the pipeline."""
    (tmp_path / "nothing").mkdir()
    assert (await run(tmp_path / "nothing", store)).seen == 0


CHILD = """
import asyncio, sys
from pathlib import Path
from tests.jobs.test_index import CARD, DIM, CollectionConfig, EdgeStore, FakeImageEncoder, run
async def main(root, folder):
    store = EdgeStore(Path(folder))
    await store.create(CollectionConfig(name="test", dim=DIM, fingerprint="f"))
    print("begun", flush=True)
    await run(Path(root), store)
asyncio.run(main(*sys.argv[1:]))
"""


def kill_at(seconds: float, root: Path, folder: Path) -> None:
    """Begin to index in a process of its own, and end it as a power cut would."""
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(root), str(folder)], stdout=subprocess.PIPE, text=True)  # noqa: S603  # our own program
    assert child.stdout
    child.stdout.readline()
    time.sleep(seconds)
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()


async def test_killed_at_any_moment_nothing_is_lost_or_doubled(tmp_path: Path):
    """Kill -9 and run again ends in the same points as a run that was left alone."""
    root = folder_of(tmp_path / "pictures", 300)
    moments = random.Random(7)
    for _ in range(6):
        await asyncio.to_thread(kill_at, moments.uniform(0, 0.25), root, tmp_path / "killed")
    store = EdgeStore(tmp_path / "killed")
    await store.create(CollectionConfig(name="test", dim=DIM, fingerprint="f"))
    encoder = FakeImageEncoder()
    ledger = await run(root, store, encoder=encoder)
    points = [record.id async for record in store.scroll()]
    await store.close()
    assert points == sorted({point_id(path.relative_to(root).as_posix()) for path in root.rglob("*.png")})
    assert ledger.counts[Outcome.UNCHANGED] + encoder.encoded == 300
