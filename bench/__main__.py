"""`python -m bench [NAMES...]`: measure, print the table, and once all is measured keep it as docs/performance.md and its JSON.

What is measured is kept (`bench/kept.py`): a run that was stopped, or that met a busy machine, goes on where it was when it is begun
again. Nothing waits for ever: a busy machine, and a server that hangs, are given up after some time, and said.
"""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.arms import ArmFailedError, enough, measure
from bench.benchmark import Benchmark, Result, Setup
from bench.catalogue import BENCHMARKS
from bench.kept import Kept, code
from bench.machine import this_machine
from bench.quiet import Quiet, Unquiet
from bench.report import document_of, page_of, table_of

DOCS = Path(__file__).resolve().parent.parent / "docs"
FAILURES = (ArmFailedError, OSError, subprocess.SubprocessError)


def main(arguments: Sequence[str]) -> int:
    """0 when every benchmark that was asked for is measured, 1 when the machine was too busy for one, or lacks something."""
    asked = _parse(arguments)
    machine = this_machine()
    kept = None if asked.quick or asked.anyway else Kept(machine, made_of=code())
    usual = [name for name, benchmark in BENCHMARKS.items() if not benchmark.on_request]
    chosen = [name for name in asked.names or usual if not _left_out(BENCHMARKS[name])]
    _say_how_long(chosen, kept, quick=asked.quick)
    results = [_kept_or_measured(BENCHMARKS[name], kept, asked) for name in chosen]
    document = document_of(results, machine)
    print(table_of(document))
    done = bool(results) and all(result.measured for result in results)
    if asked.keep and done:
        asked.keep.write_text(json.dumps(document, indent=2) + "\n", "utf-8")
    elif done and kept is not None and chosen == usual:
        _write(document)
    return 0 if done else 1


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description="Measure the one-process product, as ratios within one run.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(BENCHMARKS)}; all that take minutes by default")
    parser.add_argument("--quick", action="store_true", help="fewer and smaller samples; keeps no results")
    parser.add_argument("--anyway", action="store_true", help="do not wait for a quiet machine; keeps no results")
    parser.add_argument(
        "--keep", type=Path, metavar="FILE", help="write the results as JSON, whatever was named, once all of it is measured"
    )
    asked = parser.parse_args(arguments)
    if unknown := [name for name in asked.names if name not in BENCHMARKS]:
        parser.error(f"there is no benchmark {unknown[0]}; there are {', '.join(BENCHMARKS)}")
    return asked


def _left_out(benchmark: Benchmark) -> bool:
    if reason := benchmark.missing():
        print(f"{benchmark.name} is not measured, and docs/performance.md stays as it is: {reason}", file=sys.stderr)
    return bool(reason)


def _say_how_long(chosen: Sequence[str], kept: Kept | None, *, quick: bool) -> None:
    left = [name for name in chosen if kept is None or kept.find(name) is None]
    minutes = sum(BENCHMARKS[name].minutes for name in left)
    said = f"{len(left)} to measure, {len(chosen) - len(left)} kept from before"
    print(f"{said}: about {minutes // 3 if quick else minutes} minutes on two quiet cores", file=sys.stderr)


def _kept_or_measured(benchmark: Benchmark, kept: Kept | None, asked: argparse.Namespace) -> Result:
    if kept is not None and (found := kept.find(benchmark.name)) is not None:
        return found
    result = _measured(benchmark, quick=asked.quick, quiet=Unquiet() if asked.anyway else Quiet())
    if kept is not None and result.measured:
        kept.put(result)
    return result


def _measured(benchmark: Benchmark, *, quick: bool, quiet: Quiet) -> Result:
    print(f"measuring {benchmark.name}", file=sys.stderr)
    planned = benchmark.rounds_of(quick=quick)
    try:
        with tempfile.TemporaryDirectory(prefix="searchindex-bench-") as folder:
            rounds = measure(benchmark, Setup(folder=Path(folder), quick=quick), quiet)
    except FAILURES as error:
        print(f"{benchmark.name} failed: {error}", file=sys.stderr)
        rounds = []
    figures = benchmark.figures(rounds) if enough(len(rounds), planned) else []
    return Result(name=benchmark.name, compares=benchmark.compares, planned=planned, quiet=len(rounds), figures=tuple(figures))


def _write(document: dict[str, object]) -> None:
    """Only what is whole, so that all figures of the page are of one machine and one state of the code."""
    (DOCS / "results").mkdir(parents=True, exist_ok=True)
    (DOCS / "results" / "bench.json").write_text(json.dumps(document, indent=2) + "\n", "utf-8")
    (DOCS / "performance.md").write_text(page_of(document), "utf-8")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # in an orderly way, or the arms and their servers would stay
    sys.exit(main(sys.argv[1:]))
