"""`python -m bench [--quick] [NAMES...]`: measure, print the table, keep it as docs/results/bench.json and docs/performance.md."""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.arms import enough, measure
from bench.benchmark import Benchmark, Result, Setup
from bench.catalogue import BENCHMARKS
from bench.machine import this_machine
from bench.quiet import Quiet
from bench.report import document_of, page_of, table_of

DOCS = Path(__file__).resolve().parent.parent / "docs"


def main(arguments: Sequence[str]) -> int:
    """0 when every benchmark was measured, 1 when the machine was too busy for one."""
    parser = argparse.ArgumentParser(prog="bench", description="Measure the one-process product, as ratios within this run.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(BENCHMARKS)}; all that take minutes by default")
    parser.add_argument("--quick", action="store_true", help="fewer and smaller samples; keeps no results")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="write the results of this run as JSON, whatever was named")
    asked = parser.parse_args(arguments)
    if unknown := [name for name in asked.names if name not in BENCHMARKS]:
        parser.error(f"there is no benchmark {unknown[0]}; there are {', '.join(BENCHMARKS)}")
    usual = [name for name, benchmark in BENCHMARKS.items() if not benchmark.on_request]
    chosen = [name for name in asked.names or usual if not _left_out(BENCHMARKS[name])]
    results = [_result(BENCHMARKS[name], quick=asked.quick) for name in chosen]
    document = document_of(results, this_machine())
    print(table_of(document))
    if asked.keep:
        asked.keep.write_text(json.dumps(document, indent=2) + "\n", "utf-8")
    elif not asked.quick and chosen == usual:
        _keep(document)
    return 0 if results and all(result.measured for result in results) else 1


def _left_out(benchmark: Benchmark) -> bool:
    if reason := benchmark.missing():
        print(f"{benchmark.name} is not measured, and no results are kept: {reason}", file=sys.stderr)
    return bool(reason)


def _result(benchmark: Benchmark, *, quick: bool) -> Result:
    print(f"measuring {benchmark.name}", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="searchindex-bench-") as folder:
        rounds = measure(benchmark, Setup(folder=Path(folder), quick=quick), Quiet())
    planned = benchmark.rounds_of(quick=quick)
    figures = benchmark.figures(rounds) if enough(len(rounds), planned) else []
    return Result(name=benchmark.name, compares=benchmark.compares, planned=planned, quiet=len(rounds), figures=tuple(figures))


def _keep(document: dict[str, object]) -> None:
    """Only a whole run is kept, so that all figures of the page are of one machine at one time."""
    (DOCS / "results").mkdir(parents=True, exist_ok=True)
    (DOCS / "results" / "bench.json").write_text(json.dumps(document, indent=2) + "\n", "utf-8")
    (DOCS / "performance.md").write_text(page_of(document), "utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
