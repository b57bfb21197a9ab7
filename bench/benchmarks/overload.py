"""More searches than the service can do: what those see that it takes, how many it refuses, and how soon."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence

from bench.benchmark import Benchmark, Sampler, Setup
from bench.capacity import FULL, QUICK, capacity
from bench.figures import Figure, Of, Round, Sample, median_of, ratio_of
from bench.load import OK, SHED, offer, run, times
from bench.queries import Stream
from bench.stack import build, open_stack, start_product
from cli.workspace import sample_model

OURS = "searchindex"
TIMES = (1, 2, 3, 5)  # of the capacity
PROMISE = 100.0  # milliseconds at P99: what callers are promised, and so what the service can do at most
COUNT = 2_000
BURST = 1.0  # seconds at the beginning of a level: to the service it is a burst, of which each may wait longer
SECONDS, QUICK_SECONDS = 5.0, 1.0  # after it
SETTLE = 1.0  # seconds between two levels, for what still waits
MOST = 900  # in flight, below what select() can watch


def prepare(setup: Setup) -> None:
    build(setup.folder, sample_model(), count=COUNT)


def open_arm(setup: Setup) -> Sampler:
    """Queries that nobody asked before, so that each has to be encoded."""
    stack = open_stack(setup.folder, arm=OURS)
    port = start_product(stack, sample_model().folder, redis_port=None)
    bodies, last = Stream().distinct(), list[float]()

    def sample() -> Sample:
        found = run(capacity(port, bodies, QUICK if setup.quick else FULL, last=last[-1] if last else None, least=PROMISE))
        last.append(found.rate)
        taken = run(_levels(port, bodies, found.rate, seconds=QUICK_SECONDS if setup.quick else SECONDS))
        return {**taken, "rate": [found.rate], "alone ms": found.unloaded}

    return sample


async def _levels(port: int, bodies: Iterator[bytes], rate: float, *, seconds: float) -> dict[str, list[float]]:
    """Of every level, without its burst: times of what was accepted and of what was shed in milliseconds, and shares; and times of what
    was accepted of the burst. What is neither answered nor refused is of the whole.
    """
    taken: dict[str, list[float]] = {}
    for many in TIMES:
        await asyncio.sleep(SETTLE)
        whole = await offer(port, bodies, rate=many * rate, seconds=BURST + seconds, most=MOST)
        replies = [each for each in whole if each.due >= BURST]
        counts = Counter(each.status for each in replies)
        lost = sum(each.status not in {OK, SHED} for each in whole)
        taken |= {
            f"{many}x burst ms": times([each for each in whole if each.due < BURST]),
            f"{many}x ms": times(replies),
            f"{many}x shed ms": times(replies, SHED),
            f"{many}x shed": [counts[SHED] / len(replies)],
            f"{many}x lost": [lost / len(whole)],
            f"{many}x goodput": [many * counts[OK] / len(replies)],
        }
    return taken


def figures(rounds: Sequence[Round]) -> list[Figure]:
    p99 = 0.99
    made = [
        ratio_of(
            f"accepted, P99: {many} times the capacity / at the capacity", rounds, Of(OURS, f"{many}x ms", p99), Of(OURS, "1x ms", p99)
        )
        for many in TIMES[1:]
    ]
    made += [median_of("capacity", rounds, Of(OURS, "rate"), unit="1/s")]
    made += [median_of("without load, P99", rounds, Of(OURS, "alone ms", p99), unit="ms")]
    return made + [figure for many in TIMES for figure in _level(f"{many}x", rounds)]


def _level(level: str, rounds: Sequence[Round]) -> list[Figure]:
    made = [
        median_of(f"{level}: accepted, P50", rounds, Of(OURS, f"{level} ms"), unit="ms"),
        median_of(f"{level}: accepted, P99", rounds, Of(OURS, f"{level} ms", 0.99), unit="ms"),
        median_of(f"{level}: accepted in the first second, P99", rounds, Of(OURS, f"{level} burst ms", 0.99), unit="ms"),
        median_of(f"{level}: share refused with 503", rounds, Of(OURS, f"{level} shed")),
        median_of(f"{level}: share neither answered nor refused", rounds, Of(OURS, f"{level} lost")),
        median_of(f"{level}: answered, of the capacity", rounds, Of(OURS, f"{level} goodput")),
    ]
    if refusing := [each for each in rounds if each[OURS][f"{level} shed ms"]]:
        made += [median_of(f"{level}: time to refuse, P95", refusing, Of(OURS, f"{level} shed ms", 0.95), unit="ms")]
    return made


BENCHMARK = Benchmark(
    name="overload",
    compares=(
        "POST /search with the small model and a Qdrant server at one, two, three and five times its capacity, which is the highest"
        f" constant rate of new queries at which none is refused and P99 is at most {PROMISE:.0f} ms, or twice that without load;"
        f" for {BURST + SECONDS:.0f} seconds each, of which the first is a burst and counts by itself."
    ),
    minutes=9,
    rounds=4,
    prepare=prepare,
    arms={OURS: open_arm},
    figures=figures,
)
