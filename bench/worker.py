"""The process of one arm: `python -m bench.worker BENCHMARK ARM FOLDER full|quick`; ARM `prepare` only prepares.

Opens the arm, says `ready`, then takes one sample for every line on standard input and writes it as a line of JSON. Between
samples it waits for that line and uses no time of the processor.
"""

import json
import signal
import sys
from pathlib import Path

from bench.benchmark import Setup
from bench.catalogue import BENCHMARKS

PREPARE = "prepare"
READY = "ready"


def main(name: str, arm: str, folder: str, size: str) -> None:
    """Standard output carries only the protocol: what libraries print goes to standard error."""
    answers, sys.stdout = sys.stdout, sys.stderr
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # in an orderly way, or the servers of this arm would stay
    benchmark, setup = BENCHMARKS[name], Setup(folder=Path(folder), quick=size == "quick")
    if arm == PREPARE:
        benchmark.prepare(setup)
        return
    sample = benchmark.arms[arm](setup)
    sample()  # the first is warmer's work: caches, lazy imports, plans for shapes
    print(READY, file=answers, flush=True)
    for _ in sys.stdin:
        print(json.dumps(sample()), file=answers, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
