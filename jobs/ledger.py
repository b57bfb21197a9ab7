"""What became of every picture of a run."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


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


@dataclass(slots=True)
class Ledger:
    """Counts and problems; grows while the run goes on. `encoded` counts pictures that went through the model."""

    counts: Counter[Outcome] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    encoded: int = 0

    def add(self, outcome: Outcome, count: int = 1) -> None:
        self.counts[outcome] += count

    def report(self, problem: Problem) -> None:
        self.counts[problem.outcome] += 1
        self.problems.append(problem)

    @property
    def seen(self) -> int:
        """Pictures that have an outcome, deleted ones aside: they are no longer there to be seen."""
        return sum(count for outcome, count in self.counts.items() if outcome is not Outcome.DELETED)

    def summary(self) -> dict[str, Any]:
        """A JSON object with every outcome, also those that did not occur."""
        return {outcome.value: self.counts[outcome] for outcome in Outcome} | {
            "encoded": self.encoded,
            "problems": [
                {"file": p.uri.encode("utf-8", "backslashreplace").decode(), "outcome": p.outcome, "reason": p.reason, "message": p.message}
                for p in self.problems
            ],
        }
