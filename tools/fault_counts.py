"""What the tests counted of each fault case: of the last run in .build/faults, and of all runs in docs/results/faults.json.

A run replaces what its own test functions counted before, and leaves alone what it did not run: the tests of a cluster and those
that need none run at different times. One of fewer cases that found nothing new, as `make test` after `make faults FAULT_SCALE=5`,
replaces nothing.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
FRESH = ROOT / ".build/faults"
KEPT = ROOT / "docs/results/faults.json"
COMMAND = "make faults WRITE=1, and make e2e scoreboard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Of one test: `cases` of the fault case `case`, how many went `bad`, and in a few words what was `measured` beside."""

    case: str
    test: str
    cases: int
    bad: int
    measured: str

    @property
    def function(self) -> str:
        return self.test.partition("[")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Of one case, over all tests that ran it. `measured`: what they saw beside."""

    cases: int
    bad: int
    measured: str


def fresh(folder: Path = FRESH, *, root: Path = ROOT) -> list[Part]:
    """Of the last run (tests/faults/record.py)."""
    return _there((json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))), root)


def kept(path: Path = KEPT, *, root: Path = ROOT) -> list[Part]:
    """Of the runs before."""
    return _there(json.loads(path.read_text("utf-8"))["tests"], root) if path.exists() else []


def merged(before: list[Part], now: list[Part]) -> list[Part]:
    """In the order of the cases; of each test function those of one run."""
    old, new = _by_function(before), _by_function(now)
    chosen = [new[key] if key in new and (key not in old or _replaces(new[key], old[key])) else old[key] for key in old | new]
    return sorted((part for parts in chosen for part in parts), key=lambda part: (part.case, part.test))


def _by_function(parts: list[Part]) -> dict[tuple[str, str], list[Part]]:
    found: dict[tuple[str, str], list[Part]] = {}
    for part in parts:
        found.setdefault((part.case, part.function), []).append(part)
    return found


def _replaces(new: list[Part], old: list[Part]) -> bool:
    now, before = _sum(new), _sum(old)
    return bool(now.bad or before.bad) or now.cases >= before.cases


def keep(parts: list[Part], path: Path = KEPT) -> None:
    path.write_text(json.dumps({"command": COMMAND, "tests": [asdict(part) for part in parts]}, indent=1) + "\n", "utf-8")


def by_case(parts: list[Part]) -> dict[str, Count]:
    """Sums."""
    return {case: _sum([part for part in parts if part.case == case]) for case in sorted({part.case for part in parts})}


def _sum(parts: list[Part]) -> Count:
    seen = dict.fromkeys(part.measured for part in parts if part.measured)
    return Count(cases=sum(part.cases for part in parts), bad=sum(part.bad for part in parts), measured=", ".join(seen))


def _there(records: Iterable[dict[str, Any]], root: Path) -> list[Part]:
    """A count whose test is no longer in its file is passed over."""
    parts = (Part(**record) for record in records)
    return [part for part in parts if _is_there(part.test, root)]


def _is_there(test: str, root: Path) -> bool:
    file, _, name = test.partition("::")
    path = root / file
    return path.is_file() and f"def {name.rpartition('::')[2].partition('[')[0]}(" in path.read_text("utf-8")
