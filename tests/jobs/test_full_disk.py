"""F-23: the disk full while pictures are indexed. Nothing is lost or half written, and the run after it ends as if nothing had been."""

import resource
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from jobs.folder import Folder
from jobs.index import Indexing, index
from jobs.journal_file import Subject, file_journal, read_ledger
from jobs.ledger import Entry, Outcome
from jobs.listing import EVERYTHING
from jobs.patience import NONE, Patience
from jobs.plan import Action, Intent
from searchindex.catalogue import find_card
from searchindex.collection import CollectionConfig
from searchindex.errors import StorageFull
from searchindex.ports import Query, VectorStore
from searchindex.stores.edge import EdgeStore
from searchindex.stores.qdrant import QdrantStore
from tests.engines import QdrantServer, start_qdrant
from tests.fakes import DIM, FakeImageEncoder, unit
from tests.faults.record import record
from tests.jobs.processes import Content, content_of, environment, run
from tests.pictures import folder_of
from tests.small_disk import SmallDisk, small_disk

MIB = 2**20
PAGE = resource.getpagesize()
PICTURES = 40
CARD = find_card("ResNet10-MiniLM").image
CONFIG = CollectionConfig(name="full", dim=DIM, fingerprint="f")
SUBJECT = Subject(collection="full", fingerprint="f", scope=EVERYTHING)
LEDGER = "shard-0-of-1.jsonl"
INTENTS = {f"{number:04}.png": Intent(Action.ENCODE) for number in range(300)}
FAILED = [Entry(uri=uri, outcome=Outcome.FAILED, size=1, mtime=2, reason="truncated", message="Cut.") for uri in list(INTENTS)[:80]]
INDEXED = [Entry(uri=uri, outcome=Outcome.INDEXED, size=1, mtime=2, content_hash="0" * 32) for uri in list(INTENTS)[80:]]
ENTRIES = {entry.uri: entry for entry in [*FAILED, *INDEXED]}

Room = tuple[AbstractContextManager[None], Path]  # where there is little room for a while, and the folder that has no more
Look = Callable[[int], None]  # told how many pictures are settled


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    (tmp_path / "disk").mkdir()
    with small_disk(tmp_path / "disk", size=240 * MIB) as made:
        yield made


@contextmanager
def largest_file(pages: int) -> Iterator[None]:
    """No file of this process grows beyond `pages` for a while."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (pages * PAGE, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def filled(disk: SmallDisk, *, leave: int) -> Iterator[None]:
    disk.fill(leave=leave)
    try:
        yield
    finally:
        disk.free()


def account(room: AbstractContextManager[None], folder: Path) -> str | None:
    """What went wrong with a ledger whose disk was full for a while; None where it was not."""
    noted = 0
    with room:
        try:
            with file_journal(folder, SUBJECT) as journal:
                journal.begin(INTENTS)
                for noted in range(0, len(FAILED), 8):
                    journal.note(FAILED[noted : noted + 8])
                noted = len(FAILED)
                journal.complete(ENTRIES)
                return None
        except StorageFull as error:
            said, leftovers = str(error), [each.name for each in folder.glob("*.part")]
    with file_journal(folder, SUBJECT) as journal:
        known = list(journal.begin(INTENTS).failed.values())
        journal.complete(ENTRIES)
    whole = read_ledger(folder / LEDGER) == [ENTRIES[uri] for uri in sorted(ENTRIES)]
    right = "Free some" in said and not leftovers and len(known) >= noted and known == FAILED[: len(known)]
    return "" if right and whole else f"{said} {leftovers} {len(known)} of {noted} {whole}"


def ledgers(room: Callable[[int], Room]) -> None:
    """With room for nothing, for a page, and so on until there is room for all of it."""
    outcomes: list[str] = []
    while (outcome := account(*room(len(outcomes)))) is not None:
        outcomes.append(outcome)
    assert len(outcomes) > 5
    record("F-23", len(outcomes), [each for each in outcomes if each])


def test_a_ledger_is_whole_or_as_it_was_where_no_file_may_grow(tmp_path: Path):
    """The largest size of a file stands for a full disk where none can be had: it, too, is met in the midst of a write."""
    ledgers(lambda pages: (largest_file(pages), tmp_path / str(pages)))


def test_a_ledger_is_whole_or_as_it_was_on_a_full_disk(disk: SmallDisk):
    """Whatever was being written: the next run knows each failure that was noted, and ends with the same account."""
    ledgers(lambda pages: (filled(disk, leave=pages * PAGE), disk.path / str(pages)))


async def indexed(
    folder: Path, store: VectorStore, ledger: Path, *, patience: Patience = NONE, look: Look = lambda _: None
) -> tuple[Content, bytes]:
    """What a run leaves: points and account."""
    with file_journal(ledger, SUBJECT) as journal:
        await index(
            Indexing(
                sources=Folder(folder),
                store=store,
                encoder=FakeImageEncoder(),
                card=CARD,
                annotations={},
                batch_size=8,
                journal=journal,
                patience=patience,
                optimize=False,
                progress=lambda ledger, _total: look(ledger.seen),
            )
        )
    return await content_of(store), (ledger / LEDGER).read_bytes()


def filling(disk: SmallDisk, *, settled: int) -> Look:
    """Fill it, but for 20 MiB, once so many pictures are settled."""

    def look(seen: int) -> None:
        if seen >= settled and not disk.full:
            disk.fill(leave=20 * MIB)

    return look


def freeing(disk: SmallDisk) -> Callable[[float], Awaitable[None]]:
    """What somebody does while the run waits."""

    async def sleep(_seconds: float) -> None:
        if disk.full:
            disk.free()

    return sleep


async def disturbed(folder: Path, store: VectorStore, ledger: Path, disk: SmallDisk, *, settled: int) -> tuple[Content, bytes]:
    """What two runs leave, the first of which met a full disk; searches went on meanwhile."""
    with pytest.raises(StorageFull, match=r"Free|free"):
        await indexed(folder, store, ledger, look=filling(disk, settled=settled))
    stored, (hits,) = await store.count(), await store.search([Query(vector=unit("any"), limit=100)])
    assert settled <= stored == len(hits) < PICTURES
    disk.free()
    return await indexed(folder, store, ledger)


async def test_an_embedded_index_is_completed_after_a_full_disk(disk: SmallDisk, tmp_path: Path):
    """At any point of the run, its beginning as well: an index that cannot be made is made then."""
    folder, cases, bad = folder_of(tmp_path / "pictures", PICTURES), range(0, PICTURES, 8), []
    calm = EdgeStore(tmp_path / "calm")
    await calm.create(CONFIG)
    expected = await indexed(folder, calm, tmp_path / "ledger")
    await calm.close()
    for settled in cases:
        store = EdgeStore(disk.path / "index")
        with filled(disk, leave=20 * MIB), pytest.raises(StorageFull, match="Free at least"):
            await store.create(CONFIG)
        await store.create(CONFIG)
        bad += [] if await disturbed(folder, store, tmp_path / str(settled), disk, settled=settled) == expected else [settled]
        await store.drop()
        await store.close()
    record("F-23", len(cases), bad)


@pytest.fixture
def small_server(qdrant_server: QdrantServer, disk: SmallDisk, tmp_path: Path) -> Iterator[QdrantServer]:
    """One whose storage a test may fill; asks for the shared one first, so that both are skipped alike."""
    assert qdrant_server.host
    (tmp_path / "qdrant").mkdir()
    server = start_qdrant(tmp_path / "qdrant", storage=disk.path / "storage")
    yield server
    server.engine.stop()


async def test_a_full_server_costs_time_and_no_point(small_server: QdrantServer, disk: SmallDisk, tmp_path: Path):
    """The run ends and says what to do, or waits and goes on by itself where room comes in time."""
    folder, cases, bad = folder_of(tmp_path / "pictures", PICTURES), range(0, PICTURES, 16), []
    ports = {"http_port": small_server.http_port, "grpc_port": small_server.grpc_port}
    store = QdrantStore(small_server.host, collection="full", timeout=20, **ports)
    await store.create(CONFIG)
    expected = await indexed(folder, store, tmp_path / "ledger")
    for settled in cases:
        await store.drop()
        await store.create(CONFIG)
        bad += [] if await disturbed(folder, store, tmp_path / str(settled), disk, settled=settled) == expected else [settled]
    await store.drop()
    await store.create(CONFIG)
    patience = Patience(budget=300, sleep=freeing(disk))
    waited = await indexed(folder, store, tmp_path / "waited", patience=patience, look=filling(disk, settled=32))
    bad += [] if waited == expected else ["waited"]
    await store.close()
    record("F-23", len(cases) + 1, bad)


async def test_the_program_says_that_the_ledgers_disk_is_full(
    qdrant_server: QdrantServer, on_server: QdrantStore, collection: str, disk: SmallDisk, tmp_path: Path
):
    """With the status for trying again; the next run completes points and ledger."""
    folder = folder_of(tmp_path / "pictures", PICTURES)
    settings = environment(qdrant_server, collection, folder, ledger_dir=disk.path / "ledger")
    with filled(disk, leave=0):
        status, summary, said = run(settings)
    assert (status, summary["reason"]) == (4, "StorageFull")
    assert "LEDGER_DIR" in said
    status, summary, _ = run(settings)
    ledger = read_ledger(disk.path / "ledger" / LEDGER)
    bad = [] if (status, len(ledger), await on_server.count()) == (0, PICTURES, PICTURES) else [summary]
    record("F-23", 1, bad)
