"""How many searches a second, end to end, until P99 is twice what it is without load: the product against the baseline."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from bench.benchmark import Benchmark, Sampler, Setup
from bench.capacity import FULL, LIGHT, QUICK, capacity
from bench.figures import Figure, Of, Round, Sample, median_of, ratio_of
from bench.load import one_by_one, run
from bench.queries import KNOWN, Stream, known
from bench.stack import COLLECTION, ROOT, Stack, build, open_stack, start_listening, start_product
from searchindex.models import PreparedModel, read_model

CARD = os.environ.get("BENCH_CARD", "ViT-B-32/laion2b_s34b_b79k")  # ViT-H-14/laion2b_s32b_b79k needs 12 GB of disk and memory
TORCH = ROOT / ".build" / "torch"
PYTHON = TORCH / "bin" / "python"
COUNT, QUICK_COUNT = 20_000, 2_000
WEIGHTS, PREPARED = "weights.safetensors", "model"  # what bench.baseline_seed.model leaves

OURS, SEED = "searchindex", "baseline"
OURS_CACHED, SEED_CACHED = "searchindex-redis", "baseline-redis"
DISTINCT, ZIPF = "distinct", "zipf"
BODIES: dict[str, Callable[[Stream], Iterator[bytes]]] = {DISTINCT: Stream.distinct, ZIPF: Stream.zipf}


def missing() -> str:
    return "" if (TORCH / ".bench").exists() else "the baseline needs torch (5.7 GB): make bench-seed"


def random_model(folder: Path, card: str) -> PreparedModel:
    """Random weights in the folder, and what the product makes of them."""
    subprocess.run([PYTHON, "-m", "bench.baseline_seed.model", card, str(folder)], cwd=ROOT, stdout=sys.stderr, check=True)
    return read_model(folder / PREPARED)


def prepare(setup: Setup) -> None:
    """Random weights, for both servers, and one collection."""
    build(setup.folder, random_model(setup.folder, CARD), count=QUICK_COUNT if setup.quick else COUNT)


def _ours(stack: Stack, setup: Setup, *, redis_port: int | None) -> int:
    return start_product(stack, setup.folder / PREPARED, redis_port=redis_port)


def _seed(stack: Stack, setup: Setup, *, redis_port: int | None) -> int:
    ports = [stack.qdrant.http_port, stack.qdrant.grpc_port, *([redis_port] if redis_port else [])]
    architecture, weights = CARD.partition("/")[0], str(setup.folder / WEIGHTS)
    return start_listening([str(PYTHON), "-m", "bench.baseline_seed.server", architecture, weights, COLLECTION, *map(str, ports)])


def open_arm(setup: Setup, *, arm: str, workloads: Sequence[str], cached: bool) -> Sampler:
    """Begins with the known queries, so that whatever remembers has seen them; the baseline without a cache remembers nothing."""
    stack = open_stack(setup.folder, arm=arm)
    start = _ours if arm in (OURS, OURS_CACHED) else _seed
    port = start(stack, setup, redis_port=stack.redis.port if cached else None)
    if arm != SEED:
        run(one_by_one(port, known(), count=KNOWN))
    effort, stream, last = QUICK if setup.quick else FULL, Stream(), dict[str, float]()

    def sample() -> Sample:
        taken: dict[str, Sequence[float]] = {}
        for name in workloads:
            found = run(capacity(port, BODIES[name](stream), effort, last=last.get(name)))
            last[name] = found.rate
            taken |= {f"{name} rate": [found.rate], f"{name} ms": found.unloaded}
        return taken

    return sample


def figures(rounds: Sequence[Round]) -> list[Figure]:
    compared = (
        ("Zipf, answers not cached", ZIPF, OURS, SEED),
        ("Zipf, answers cached in Redis", ZIPF, OURS_CACHED, SEED_CACHED),
        ("no query twice", DISTINCT, OURS, SEED),
    )
    made = [
        ratio_of(f"{what}: highest rate, product / baseline", rounds, Of(ours, f"{name} rate"), Of(seed, f"{name} rate"))
        for what, name, ours, seed in compared
    ]
    alone = f"{DISTINCT} ms"
    made += [
        ratio_of(f"no query twice, without load: baseline / product, P{at}", rounds, Of(SEED, alone, at / 100), Of(OURS, alone, at / 100))
        for at in (50, 95)
    ]
    for what, name, *arms in compared:
        for arm, who in zip(arms, ("product", "baseline"), strict=True):
            made += _absolute(f"{what}, {who}", rounds, arm, name)
    return made


def _absolute(what: str, rounds: Sequence[Round], arm: str, name: str) -> list[Figure]:
    return [
        median_of(f"{what}: highest rate", rounds, Of(arm, f"{name} rate"), unit="1/s"),
        median_of(f"{what}: without load, P50", rounds, Of(arm, f"{name} ms"), unit="ms"),
        median_of(f"{what}: without load, P99", rounds, Of(arm, f"{name} ms", 0.99), unit="ms"),
    ]


BENCHMARK = Benchmark(
    name="rates",
    compares=(
        "POST /search end to end, the product against FastAPI, open_clip, Qdrant and Redis put together plainly (bench/baseline_seed),"
        f" both with {CARD}'s layout on {COUNT:,} vectors: the highest constant rate at which every search is answered and P99, from when"
        f" it was due, is at most twice that without load: at a constant rate that is {LIGHT:.0%} of what one caller asks who never pauses."
        f" Zipf: exponent 1.05 over 10,000 ranks, the first {KNOWN} asked before."
    ),
    minutes=35,
    rounds=3,
    prepare=prepare,
    arms={
        OURS: partial(open_arm, arm=OURS, workloads=(ZIPF, DISTINCT), cached=False),
        SEED: partial(open_arm, arm=SEED, workloads=(ZIPF, DISTINCT), cached=False),
        OURS_CACHED: partial(open_arm, arm=OURS_CACHED, workloads=(ZIPF,), cached=True),
        SEED_CACHED: partial(open_arm, arm=SEED_CACHED, workloads=(ZIPF,), cached=True),
    },
    figures=figures,
    missing=missing,
)
