"""Journal and ledger on disk: whole, or not believed."""

import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.journal import Begun
from jobs.journal_file import FileJournal, Subject, file_journal, read_ledger
from jobs.ledger import Entry, Outcome
from jobs.listing import Scope
from jobs.plan import Action, Intent
from jobs.sealed import DamagedError
from jobs.shards import Shard
from searchindex.errors import InvalidInput, StoreUnavailable

SUBJECT = Subject(collection="c", fingerprint="f", scope=Scope(shard=Shard(1, 3)))
INTENTS = {
    "a.png": Intent(Action.ENCODE),
    "b/ü.png": Intent(Action.ENCODE, "0123"),
    "caf\udce9.png": Intent(Action.REFRESH),
    "gone.png": Intent(Action.REMOVE),
}
FAILED = [Entry(uri=f"{n}.png", outcome=Outcome.FAILED, size=n, mtime=10**18 + n, reason="truncated", message="Cut.") for n in range(5)]
OTHER = {"x.png": Intent(Action.ENCODE)}


def opened(folder: Path, subject: Subject = SUBJECT, said: list[str] | None = None):
    return file_journal(folder, subject, warn=(said if said is not None else []).append)


@pytest.fixture
def interrupted(tmp_path: Path) -> Path:
    """The folder that a killed run left."""
    with opened(tmp_path) as journal:
        journal.begin(INTENTS)
        for entry in FAILED:
            journal.note([entry])
    return tmp_path


def test_an_interrupted_run_is_continued(interrupted: Path):
    """What it meant to do, what was there before, and what it saw fail is known again, and stays known."""
    for _ in range(2):
        with opened(interrupted) as journal:
            begun = journal.begin(OTHER)
        assert begun.intents == INTENTS | OTHER
        assert list(begun.failed.values()) == FAILED


def test_what_was_there_first_counts(interrupted: Path):
    """The second attempt meets its own points; only the first one's note tells what they replaced. A picture that came back is new."""
    with opened(interrupted) as journal:
        begun = journal.begin({"b/ü.png": Intent(Action.ENCODE, "9999"), "gone.png": Intent(Action.ENCODE)})
    assert begun.intents["b/ü.png"] == Intent(Action.ENCODE, "0123")
    assert begun.intents["gone.png"] == Intent(Action.ENCODE)


def test_a_completed_run_leaves_its_account_and_no_journal(interrupted: Path):
    """Sorted, so that the order of work does not show; the next run begins anew."""
    entries = {entry.uri: entry for entry in reversed(FAILED)}
    with opened(interrupted) as journal:
        journal.complete(entries)
    assert read_ledger(interrupted / "shard-1-of-3.jsonl") == FAILED
    with opened(interrupted) as journal:
        assert journal.begin(OTHER) == Begun(intents=OTHER)


@pytest.mark.parametrize(
    "other",
    [
        Subject(collection="d", fingerprint="f", scope=SUBJECT.scope),
        Subject(collection="c", fingerprint="g", scope=SUBJECT.scope),
    ],
)
def test_a_foreign_journal_is_put_aside(interrupted: Path, other: Subject):
    """Another collection or model: nothing of it holds, and somebody is told."""
    said: list[str] = []
    with opened(interrupted, other, said) as journal:
        assert journal.begin(OTHER) == Begun(intents=OTHER)
    assert "another" in said[0]


def test_an_older_version_is_put_aside(interrupted: Path, monkeypatch: pytest.MonkeyPatch):
    """Formats may change; the collection does not."""
    monkeypatch.setattr("jobs.journal_file.FORMAT", 2)
    said: list[str] = []
    with opened(interrupted, said=said) as journal:
        assert journal.begin(OTHER) == Begun(intents=OTHER)
    assert said


def is_right(begun: Begun) -> bool:
    """All of what was meant, and the first failures in order; or nothing at all."""
    failed = list(begun.failed.values())
    return (begun.intents == OTHER and not failed) or (begun.intents == INTENTS | OTHER and failed == FAILED[: len(failed)])


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1, exclude_max=True), how=st.sampled_from(["cut", "flip", "insert", "double"]), bit=st.integers(0, 7))
@pytest.mark.fault("F-27", cases=150)
def test_damage_is_never_believed(interrupted: Path, place: float, how: str, bit: int):
    """Truncated, a bit flipped, bytes put in or doubled, anywhere: never a wrong intent, never a failure that did not happen."""
    path = interrupted / "shard-1-of-3.journal"
    with opened(interrupted) as journal:
        path.unlink(missing_ok=True)
        journal.begin(INTENTS)
        journal.note(FAILED)
    whole = path.read_bytes()
    at = int(place * len(whole))
    damaged = {
        "cut": whole[:at],
        "flip": whole[:at] + bytes([whole[at] ^ (1 << bit)]) + whole[at + 1 :],
        "insert": whole[:at] + b"\n{}\0" + whole[at:],
        "double": whole[:at] + whole[at // 2 :],
    }[how]
    path.write_bytes(damaged)
    with opened(interrupted) as journal:
        assert is_right(journal.begin(OTHER))
    with opened(interrupted) as journal:
        assert is_right(journal.begin(OTHER))


@pytest.mark.fault("F-27", cases=50)
def test_a_damaged_ledger_is_refused(tmp_path: Path):
    """Whoever reads an account knows that it is the one that was written."""
    with opened(tmp_path) as journal:
        journal.begin({})
        journal.complete({entry.uri: entry for entry in FAILED})
    path = tmp_path / "shard-1-of-3.jsonl"
    whole, drawn = path.read_bytes(), random.Random(27)
    for _ in range(50):
        at = drawn.randrange(len(whole) - 1)
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(DamagedError):
            read_ledger(path)


@pytest.mark.fault("F-27")
def test_two_writers(tmp_path: Path):
    """The second process is sent away at once, whatever the first one does; when that is killed, its lock is gone."""
    code = (
        "import sys, pathlib\nfrom tests.jobs.test_journal_file import opened\n"
        "with opened(pathlib.Path(sys.argv[1])):\n    print('locked', flush=True)\n    sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:  # noqa: S603  # our own program
        assert first.stdout
        first.stdout.readline()
        with pytest.raises(StoreUnavailable, match="Another process"), opened(tmp_path):
            pass
        first.kill()
    with opened(tmp_path) as journal:
        assert isinstance(journal, FileJournal)


def test_other_shards_are_not_in_the_way(tmp_path: Path):
    """A folder may be shared by all shards and sources."""
    other = Subject(collection="c", fingerprint="f", scope=Scope(shard=Shard(0, 3)))
    phone = Subject(collection="c", fingerprint="f", scope=Scope(shard=Shard(1, 3), source="phone"))
    with opened(tmp_path), opened(tmp_path, other), opened(tmp_path, phone):
        pass


def test_a_folder_that_cannot_be_written(tmp_path: Path):
    """Said before anything is done."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(InvalidInput, match="LEDGER_DIR"), opened(tmp_path / "file"):
        pass
