"""The benchmarks by name, in the order of the table."""

from bench.benchmark import Benchmark
from bench.benchmarks import (
    batching,
    encode,
    image_tower,
    index,
    overhead,
    overload,
    peers,
    pipeline,
    rates,
    redis_faults,
    search,
    text_tower,
    tracing,
)

_MODULES = (rates, overload, redis_faults, overhead, tracing, encode, index, pipeline, search)
_TOWERS = (*text_tower.BENCHMARKS, peers.BENCHMARK, image_tower.BENCHMARK, batching.BENCHMARK)
_ALL = (*(each.BENCHMARK for each in _MODULES), *_TOWERS)
BENCHMARKS: dict[str, Benchmark] = {each.name: each for each in _ALL}
