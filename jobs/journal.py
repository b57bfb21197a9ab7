"""What a run leaves behind while it goes on, so that the next one can tell what was done. `journal_file.py` keeps it on disk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from jobs.ledger import Entry
from jobs.plan import Intent


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """`intents`: of this run since it first began, by URI; `failed`: what it found to be unusable before it was interrupted."""

    intents: Mapping[str, Intent]
    failed: Mapping[str, Entry] = field(default_factory=dict)


class Journal(Protocol):
    """One run. Never consulted for what is in the collection: that is asked itself. Losing a journal costs work, nothing else."""

    def begin(self, intents: Mapping[str, Intent]) -> Begun:
        """Durable before anything is done. Where a run was interrupted, what it meant to do comes first."""
        ...

    def note(self, failed: Sequence[Entry]) -> None:
        """What failed and is settled in the collection."""
        ...

    def complete(self, entries: Mapping[str, Entry]) -> None:
        """The run is over: its account is written, and the next one begins anew."""
        ...


class NoJournal:
    """Keeps nothing: an interrupted run begins anew, from what the collection holds."""

    def begin(self, intents: Mapping[str, Intent]) -> Begun:
        return Begun(intents=intents)

    def note(self, failed: Sequence[Entry]) -> None: ...

    def complete(self, entries: Mapping[str, Entry]) -> None: ...
