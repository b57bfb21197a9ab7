"""The journal and the ledger of one shard as files, so that a killed run can be told from one that never began.

`NAME.journal` exists while a run is not over: what it means to do, then what failed. `NAME.jsonl` is the account of the last run
that was completed; it depends on the source and the collection alone, not on how often the run was interrupted. `NAME.lock` keeps
a second process away. Neither file is believed against the collection: one that is torn, changed, of another version, model or
collection is put aside, and the run begins anew from what the collection holds.
"""

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from jobs.journal import Begun
from jobs.ledger import Entry, Outcome
from jobs.listing import Scope
from jobs.plan import Action, Intent
from jobs.sealed import DamagedError, Row, appendable, read_sealed, to_disk, write_sealed
from searchindex import __version__
from searchindex.errors import InvalidInput, StorageFull, StoreUnavailable, shorten
from searchindex.room import says_full

FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What the files are about; those about anything else are not this run's."""

    collection: str
    fingerprint: str
    scope: Scope

    @property
    def name(self) -> str:
        """Without an ending: `shard-0-of-2`, with the source's name before it where it has one."""
        shard = f"shard-{self.scope.shard.index}-of-{self.scope.shard.count}"
        return f"{self.scope.source}.{shard}" if self.scope.source else shard

    def header(self, kind: str) -> Row:
        """The program's version is in it: another one may find other pictures unusable."""
        return {
            "format": FORMAT,
            "kind": kind,
            "version": __version__,
            "collection": self.collection,
            "fingerprint": self.fingerprint,
            "source": self.scope.source,
            "shard": self.scope.shard.index,
            "shards": self.scope.shard.count,
        }


@contextmanager
def file_journal(folder: Path, subject: Subject, *, warn: Callable[[str], None] = lambda _: None) -> "Iterator[FileJournal]":
    """The journal, locked. InvalidInput where the folder cannot be written, StoreUnavailable while another process holds it.

    StorageFull, also from the journal, where there is no room; what is whole on disk stays whole.
    """
    try:
        with _room(folder):
            folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(folder / f"{subject.name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise InvalidInput(f"The ledger's folder {folder} cannot be written: {error.strerror}.", hint="Set LEDGER_DIR.") from None
    try:
        _lock(lock)
        yield FileJournal(folder / subject.name, subject, warn)
    finally:
        os.close(lock)


@contextmanager
def _room(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if not says_full(error):
            raise
        message = f"There is no room for the ledger in {shorten(str(folder))}."
        raise StorageFull(message, hint="Free some, or set another LEDGER_DIR; what is indexed stays, and the next run goes on.") from error


def _lock(lock: int) -> None:
    """Until the descriptor is closed, or the process ends in whatever way."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise StoreUnavailable(
            "Another process is indexing this shard with the same ledger.", hint="Wait for it, or give this one another LEDGER_DIR."
        ) from None


class FileJournal:
    """`stem`: the files' path without their endings."""

    def __init__(self, stem: Path, subject: Subject, warn: Callable[[str], None]) -> None:
        self._journal = stem.with_name(f"{stem.name}.journal")
        self._ledger = stem.with_name(f"{stem.name}.jsonl")
        self._subject = subject
        self._warn = warn

    def begin(self, intents: Mapping[str, Intent]) -> Begun:
        known, entries = self._interrupted() or ({}, [])
        kept = {uri: intent for uri, intent in known.items() if intent.action is not Action.REMOVE or uri not in intents}
        begun = Begun(intents={**intents, **kept}, failed={entry.uri: entry for entry in entries})
        with _room(self._ledger.parent):
            self._write(begun)
        return begun

    def note(self, failed: Sequence[Entry]) -> None:
        with _room(self._ledger.parent), self._journal.open("ab") as file:
            file.write(appendable([_row(entry) for entry in failed]))
            to_disk(file)

    def complete(self, entries: Mapping[str, Entry]) -> None:
        with _room(self._ledger.parent):
            write_sealed(self._ledger, self._subject.header("ledger"), [_row(entries[uri]) for uri in sorted(entries)])
        self._journal.unlink()

    def _write(self, begun: Begun) -> None:
        """Anew as a whole, so that nothing is ever appended to a line that was torn."""
        rows = [{"uri": uri, **_present(asdict(intent))} for uri, intent in begun.intents.items()]
        write_sealed(self._journal, self._subject.header("journal"), rows)
        if begun.failed:
            self.note(list(begun.failed.values()))

    def _interrupted(self) -> "tuple[dict[str, Intent], list[Entry]] | None":
        """What the last run meant to do and what it saw fail, or None where it left nothing that can be used."""
        try:
            found = read_sealed(self._journal)
            if found.header == self._subject.header("journal"):
                return _intents(found.rows), [_entry(row) for row in found.appended]
            reason = "it is of another version, model, collection or shard"
        except FileNotFoundError:
            return None
        except DamagedError as error:
            reason = str(error)
        except (ValueError, KeyError, TypeError) as error:
            reason = f"its rows are not readable ({type(error).__name__})"
        self._warn(f"The journal of an earlier run is put aside: {reason}. The collection says what is done.")
        return None


def read_ledger(path: Path) -> list[Entry]:
    """The entries of a completed run, sorted by URI. DamagedError where the file is not as it was written."""
    return [_entry(row) for row in read_sealed(path).rows]


def _present(values: Row) -> Row:
    return {name: value for name, value in values.items() if value is not None}


def _row(entry: Entry) -> Row:
    return _present(asdict(entry))


def _entry(row: Row) -> Entry:
    return Entry(**{**row, "outcome": Outcome(row["outcome"])})


def _intents(rows: Sequence[Row]) -> dict[str, Intent]:
    return {row["uri"]: Intent(Action(row["action"]), row.get("before")) for row in rows}
