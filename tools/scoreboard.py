"""`make scoreboard`: the table in README.md of what was done to the product and what came of it, from what the runs left on record.

Faults are of docs/results/faults.json, load of docs/results/load-*.json. What has no record says so.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tools.fault_counts import ROOT, Count, by_case, kept
from tools.faults import take_over

README = ROOT / "README.md"
RESULTS = ROOT / "docs/results"
BEGIN, END = "<!-- scoreboard, by `make scoreboard` -->", "<!-- end of scoreboard -->"
NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True)
class Row:
    """`cases` of docs/faults.md, added; `wrong` is what their bad ones are."""

    done: str
    wrong: str
    cases: tuple[str, ...]


ROWS = (
    Row("requests by a fuzzer, and JSON of every odd kind", "answers of the 500s", ("F-01", "F-03", "F-04")),
    Row("pictures that unfold, are broken, or are none", "services harmed", ("F-07", "F-08", "F-09")),
    Row("kills of the indexing program and of Qdrant, at random moments", "runs that lost or doubled a point", ("F-18", "F-19")),
    Row("crash points of the controller: before and after its writes", "ends that differ from the undisturbed one", ("F-29",)),
    Row("searches and situations with a broken Redis", "failed searches", ("F-39",)),
    Row("searches cancelled while a store is slow", "answers that belong to another search", ("F-40",)),
    Row("rolling updates, pod deletions and scalings at 50 searches a second", "failed requests", ("F-43",)),
)


def table(counts: dict[str, Count], loads: list[dict[str, Any]]) -> str:
    """In Markdown."""
    head = ["| what was done | times | what went wrong | times |", "| --- | ---: | --- | ---: |"]
    return "\n".join([*head, *(_fault(row, counts) for row in ROWS), "", *_loads(loads)])


def _fault(row: Row, counts: dict[str, Count]) -> str:
    """A row is measured only if each of its cases is."""
    found = [counts[case] for case in row.cases if case in counts]
    whole = len(found) == len(row.cases)
    done, wrong = (f"{sum(each.cases for each in found):,}", f"{sum(each.bad for each in found):,}") if whole else (NOT_MEASURED, "")
    return f"| {row.done} ({', '.join(row.cases)}) | {done} | {row.wrong} | {wrong} |"


def _loads(loads: list[dict[str, Any]]) -> Iterator[str]:
    yield "| [load](docs/load.md) | machine | vectors, model | a second | P50, P95, P99 in ms | failed, refused | promise |"
    yield "| --- | --- | --- | ---: | --- | --- | --- |"
    for each in loads:
        load, machine = each["load"], each["machine"]
        took = load["milliseconds"]["answered_ms"]
        yield (
            f"| `{each['script']}` | {machine['processor']}, {machine['cores']} cores | {each['vectors']:,}, {each['model']} "
            f"| {load['asked_a_second']:g} | {took['p50']:g}, {took['p95']:g}, {took['p99']:g} | {load['failed']}, {load['refused']} "
            f"| {'kept' if each['kept'] else 'not kept'} |"
        )
    if not loads:
        yield f"| {NOT_MEASURED} | | | | | | |"


def filled(readme: str, board: str) -> str:
    """With the table between its marks. ValueError where they are not there."""
    before, rest = readme.split(f"{BEGIN}\n", 1)
    _, after = rest.split(f"\n{END}", 1)
    return f"{before}{BEGIN}\n{board}\n{END}{after}"


def page() -> str:
    """README.md with the records that there are."""
    loads = [json.loads(path.read_text("utf-8")) for path in sorted(RESULTS.glob("load-*.json"))]
    return filled(README.read_text("utf-8"), table(by_case(kept()), loads))


def main() -> int:
    """Takes over what the last tests counted."""
    take_over()
    README.write_text(page(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
