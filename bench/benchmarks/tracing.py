"""What tracing costs a search: off, at the share that is kept by default, and with every trace kept; the spans really go to a collector."""

import atexit
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import partial

from bench.benchmark import Benchmark, Sampler, Setup
from bench.benchmarks import overhead
from bench.figures import Figure, Of, Round, median_of, ratio_of
from bench.listening import LOOPBACK

OFF, DEFAULT, ALWAYS = "off", "default", "always"
VARIABLES: dict[str, Mapping[str, str]] = {DEFAULT: {}, ALWAYS: {"OTEL_TRACES_SAMPLER": "parentbased_always_on"}}


def _collect() -> str:
    """The endpoint of a collector, which ends after the server that sends to it."""
    command = [sys.executable, "-m", "bench.collector"]
    collector = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(overhead.end, collector)
    return f"http://{LOOPBACK}:{int(collector.stdout.readline()) if collector.stdout else 0}"


def prepare(setup: Setup) -> None:
    """An index for each arm: one process alone may have it open."""
    for arm in (OFF, DEFAULT, ALWAYS):
        overhead.prepare(_own(setup, arm))


def _own(setup: Setup, arm: str) -> Setup:
    folder = setup.folder / arm
    folder.mkdir(exist_ok=True)
    return Setup(folder=folder, quick=setup.quick)


def open_arm(setup: Setup, *, arm: str) -> Sampler:
    tracing = {} if arm == OFF else {"OTEL_EXPORTER_OTLP_ENDPOINT": _collect(), **VARIABLES[arm]}
    return overhead.serve(_own(setup, arm), arm=overhead.PRODUCT, environ=tracing).product


def figures(rounds: Sequence[Round]) -> list[Figure]:
    found = []
    for arm, share in ((DEFAULT, "5 % of traces kept (the default)"), (ALWAYS, "every trace kept")):
        for name, what in (("http", "search without encode and search"), ("cached http", "answer from the cache")):
            found.append(ratio_of(f"{share} / off: {what}, whole HTTP exchange, P50", rounds, Of(arm, name), Of(OFF, name)))
    return [*found, median_of("off: search without encode and search, whole HTTP exchange, P50", rounds, Of(OFF, "http"), unit="ms")]


BENCHMARK = Benchmark(
    name="tracing",
    compares="The same POST /search with tracing off and on, its spans sent to a collector on loopback.",
    rounds=12,
    prepare=prepare,
    arms={arm: partial(open_arm, arm=arm) for arm in (OFF, DEFAULT, ALWAYS)},
    figures=figures,
)
