"""What became of every picture of a run, in memory. `journal_file.py` keeps it on disk."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from searchindex.errors import shorten


class Outcome(StrEnum):
    """Every source object ends as exactly one of these."""

    INDEXED = "indexed"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    FAILED = "failed"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A picture that is not in the index, and why. `reason` is a stable word, `message` a sentence."""

    uri: str
    outcome: Outcome
    reason: str
    message: str

    def as_json(self) -> dict[str, str]:
        return {"uri": printable(self.uri), "outcome": self.outcome, "reason": self.reason, "message": shorten(self.message)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the account. `size` in bytes and `mtime` in nanoseconds since 1970, of the file as it was listed."""

    uri: str
    outcome: Outcome
    size: int | None = None
    mtime: int | None = None
    content_hash: str | None = None
    reason: str | None = None
    message: str | None = None


@dataclass(slots=True)
class Ledger:
    """Entries by URI, and their problems; grows while the run goes on.

    `encoded` counts pictures that went through the model, `total` those that were listed: None before that.
    """

    counts: Counter[Outcome] = field(default_factory=Counter)
    entries: dict[str, Entry] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    encoded: int = 0
    total: int | None = None

    def settle(self, entry: Entry) -> None:
        """Once for each URI."""
        self.entries[entry.uri] = entry
        self.counts[entry.outcome] += 1
        if entry.reason is not None:
            said = entry.message or ""
            self.problems.append(Problem(uri=entry.uri, outcome=entry.outcome, reason=entry.reason, message=said))

    @property
    def seen(self) -> int:
        """Pictures that have an outcome, deleted ones aside: they are no longer there to be seen."""
        return sum(count for outcome, count in self.counts.items() if outcome is not Outcome.DELETED)

    def summary(self) -> dict[str, Any]:
        """A JSON object with every outcome, also those that did not occur."""
        return {outcome.value: self.counts[outcome] for outcome in Outcome} | {
            "encoded": self.encoded,
            "problems": [{"file": printable(p.uri), "outcome": p.outcome, "reason": p.reason, "message": p.message} for p in self.problems],
        }


def printable(uri: str) -> str:
    """A name as UTF-8, the bytes that are not in it written as escapes; at most 200 bytes."""
    return shorten(uri.encode("utf-8", "backslashreplace").decode())
