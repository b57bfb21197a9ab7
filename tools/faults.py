"""`make faults`: what was done to the product on purpose, how often, and what came of it.

The cases stand in docs/faults.md, the counts come from the tests (tools/fault_counts.py); `make scoreboard` keeps them.
"""

import re
import sys
from collections.abc import Iterator

from tools.fault_counts import ROOT, Count, by_case, fresh, keep, kept, merged

DOCUMENT = ROOT / "docs/faults.md"
ROW = re.compile(r"^\| (F-\d\d) \|")
COLUMNS = 6  # id, what is done, what is expected, cases, bad, measured


def filled(document: str, counts: dict[str, Count]) -> str:
    """The document with these counts, and a dash where there is none.

    SystemExit where a count has no row, for every case is explained, and where one has two, of which one would never be filled.
    """
    lines = document.splitlines()
    found = [(match[1], at) for at, line in enumerate(lines) if (match := ROW.match(line))]
    rows = dict(found)
    if twice := sorted({case for case, at in found if rows[case] != at}):
        sys.exit(f"{DOCUMENT.name} has more than one row for {', '.join(twice)}: make one of them.")
    if unexplained := sorted(set(counts) - set(rows)):
        sys.exit(f"{DOCUMENT.name} has no row for {', '.join(unexplained)}: say what is done and what is expected.")
    for case, at in rows.items():
        cells = [cell.strip() for cell in lines[at].strip("|").split("|")]
        if len(cells) != COLUMNS:
            sys.exit(f"{DOCUMENT.name}: the row of {case} has {len(cells)} columns in place of {COLUMNS}.")
        lines[at] = f"| {' | '.join([*cells[:3], *_cells(counts.get(case))])} |"
    return "\n".join(lines) + "\n"


def _cells(count: Count | None) -> tuple[str, str, str]:
    return ("-", "-", "-") if count is None else (f"{count.cases:,}", str(count.bad), count.measured or "-")


def page() -> str:
    """docs/faults.md with the counts that are kept."""
    return filled(DOCUMENT.read_text("utf-8"), by_case(kept()))


def take_over() -> None:
    """Keep what the last run counted, and say so in the document."""
    keep(merged(kept(), fresh()))
    DOCUMENT.write_text(page(), "utf-8")


def table(document: str) -> Iterator[str]:
    """For a terminal: id, cases, bad, what is done, and what was measured."""
    for line in document.splitlines():
        if ROW.match(line):
            case, done, _, cases, bad, measured = (cell.strip() for cell in line.strip("|").split("|"))
            yield f"{case}  {cases:>7} cases  {bad:>3} bad  {done}" + (f"  [{measured}]" if measured != "-" else "")


def main() -> int:
    """0 where nothing went wrong."""
    counts = by_case(fresh())
    ran = [line for line in table(filled(DOCUMENT.read_text("utf-8"), counts)) if line[:4] in counts]
    wrong = sum(count.bad for count in counts.values())
    total = sum(count.cases for count in counts.values())
    print(*ran, f"{len(ran)} kinds, {total:,} cases, {wrong} bad", sep="\n")  # noqa: T201  # this prints a table
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
