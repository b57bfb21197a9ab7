"""The benchmarks by name, in the order of the table."""

from bench.benchmark import Benchmark
from bench.benchmarks import encode, index, overhead, search

BENCHMARKS: dict[str, Benchmark] = {each.name: each for each in (overhead.BENCHMARK, encode.BENCHMARK, index.BENCHMARK, search.BENCHMARK)}
