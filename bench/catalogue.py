"""The benchmarks by name, in the order of the table."""

from bench.benchmark import Benchmark
from bench.benchmarks import encode, index, overhead, overload, pipeline, rates, redis_faults, search, tracing

_MODULES = (rates, overload, redis_faults, overhead, tracing, encode, index, pipeline, search)
BENCHMARKS: dict[str, Benchmark] = {each.BENCHMARK.name: each.BENCHMARK for each in _MODULES}
