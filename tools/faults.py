"""`make faults`: what was done to the product on purpose, how often, and what came of it.

The cases stand in docs/faults.md, the counts come from the tests that ran last (tests/faults/record.py). `--write` puts them
into the document.
"""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs/faults.md"
COUNTS = ROOT / ".build/faults"
ROW = re.compile(r"^\| (F-\d\d) \|")
COLUMNS = 6  # id, what is done, what is expected, cases, bad, measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Of one case, over all tests that ran it. `measured`: what they saw beside."""

    cases: int
    bad: int
    measured: str


def recorded(folder: Path = COUNTS, *, root: Path = ROOT) -> dict[str, Count]:
    """By case. A count whose test is no longer in its file is passed over."""
    parts: dict[str, list[dict[str, str | int]]] = {}
    for path in sorted(folder.glob("*.json")):
        part = json.loads(path.read_text("utf-8"))
        if _is_there(str(part["test"]), root):
            parts.setdefault(str(part["case"]), []).append(part)
    return {case: _sum(found) for case, found in parts.items()}


def filled(document: str, counts: dict[str, Count]) -> str:
    """The document with the counts that there are. SystemExit where a count has no row: every case is explained."""
    lines = document.splitlines()
    rows = {match[1]: at for at, line in enumerate(lines) if (match := ROW.match(line))}
    if unexplained := sorted(set(counts) - set(rows)):
        sys.exit(f"{DOCUMENT.name} has no row for {', '.join(unexplained)}: say what is done and what is expected.")
    for case, count in counts.items():
        cells = [cell.strip() for cell in lines[rows[case]].strip("|").split("|")]
        if len(cells) != COLUMNS:
            sys.exit(f"{DOCUMENT.name}: the row of {case} has {len(cells)} columns in place of {COLUMNS}.")
        lines[rows[case]] = f"| {' | '.join([*cells[:3], f'{count.cases:,}', str(count.bad), count.measured or '-'])} |"
    return "\n".join(lines) + "\n"


def table(document: str) -> Iterator[str]:
    """For a terminal: id, cases, bad, what is done, and what was measured."""
    for line in document.splitlines():
        if ROW.match(line):
            case, done, _, cases, bad, measured = (cell.strip() for cell in line.strip("|").split("|"))
            yield f"{case}  {cases:>7} cases  {bad:>3} bad  {done}" + (f"  [{measured}]" if measured != "-" else "")


def main(arguments: list[str]) -> int:
    """0 where nothing went wrong."""
    counts = recorded()
    document = filled(DOCUMENT.read_text("utf-8"), counts)
    if "--write" in arguments:
        DOCUMENT.write_text(document, "utf-8")
    ran = [line for line in table(document) if line[:4] in counts]
    wrong = sum(count.bad for count in counts.values())
    total = sum(count.cases for count in counts.values())
    print(*ran, f"{len(ran)} kinds, {total:,} cases, {wrong} bad", sep="\n")  # noqa: T201  # this prints a table
    return 1 if wrong else 0


def _is_there(test: str, root: Path) -> bool:
    file, _, name = test.partition("::")
    path = root / file
    return path.is_file() and f"def {name.rpartition('::')[2].partition('[')[0]}(" in path.read_text("utf-8")


def _sum(parts: list[dict[str, str | int]]) -> Count:
    seen = dict.fromkeys(str(part["measured"]) for part in parts if part["measured"])
    return Count(cases=sum(int(part["cases"]) for part in parts), bad=sum(int(part["bad"]) for part in parts), measured=", ".join(seen))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
