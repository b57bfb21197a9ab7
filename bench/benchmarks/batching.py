"""The service's queue before the text tower: what waits goes together, against the same queue that hands over one by one."""

import asyncio
import itertools
import time
from collections.abc import Iterator, Sequence
from functools import partial

from bench.benchmark import Benchmark, Sampler, Setup
from bench.benchmarks import text_tower
from bench.figures import Figure, Of, Round, Sample, median_of, ratio_of
from bench.queries import phrase
from bench.tower_shapes import MS
from searchindex.catalogue import find_card
from searchindex.encoders.opening import open_text_encoder
from searchindex.encoders.runtime import Runtime
from searchindex.models import Precision, read_model
from searchindex.ports import TextEncoder
from service.encode import MAX_BATCH, QueryEncoder
from service.model_thread import model_thread
from service.pace import Pace

CARD = find_card("ViT-B-32")
TOGETHER, ONE_BY_ONE = "together", "one by one"
CALLERS = (1, 2, 4, 8, 16)
QUERIES, QUICK_QUERIES = 320, 64
WAIT = 4.0  # seconds; none is refused, or the two would not do the same work


def prepare(setup: Setup) -> None:
    text_tower.prepare(setup, card=CARD)


def _arm(setup: Setup, *, most: int) -> Sampler:
    encoder = open_text_encoder(read_model(setup.folder / Precision.INT8), Runtime(device="cpu"))
    texts = map(phrase, itertools.count())  # none comes twice: nothing is remembered
    count = QUICK_QUERIES if setup.quick else QUERIES

    def sample() -> Sample:
        taken: dict[str, Sequence[float]] = {}
        for callers in CALLERS:
            seconds, times = asyncio.run(asked(encoder, list(itertools.islice(texts, count)), callers=callers, most=most))
            taken |= {f"{callers} rate": [count / seconds], f"{callers} ms": [MS * each for each in times]}
        return taken

    return sample


async def asked(encoder: TextEncoder, texts: Sequence[str], *, callers: int, most: int) -> tuple[float, list[float]]:
    """Seconds for all `texts`, and for each, of `callers` that ask as soon as they are answered; at most `most` are encoded together."""
    thread = model_thread("encode")
    queue = QueryEncoder(encoder, thread, queue=2 * callers, wait=WAIT)
    queue.pace = Pace(wait=WAIT, most=most)
    left, times = iter(texts), list[float]()
    began = time.perf_counter()
    await asyncio.gather(*(_caller(queue, left, times) for _ in range(callers)))
    seconds = time.perf_counter() - began
    await queue.close()
    thread.shutdown()
    return seconds, times


async def _caller(queue: QueryEncoder, texts: Iterator[str], times: list[float]) -> None:
    for text in texts:
        began = time.perf_counter()
        await queue.encode(text)
        times.append(time.perf_counter() - began)


def figures(rounds: Sequence[Round]) -> list[Figure]:
    """Above one, going together is better."""
    made: list[Figure] = []
    for callers in CALLERS:
        who, rate, ms = f"{callers} caller{'s' * (callers > 1)}", f"{callers} rate", f"{callers} ms"
        made.append(ratio_of(f"{who}: rate, together / one by one", rounds, Of(TOGETHER, rate), Of(ONE_BY_ONE, rate)))
        made += [
            ratio_of(f"{who}: P{at}, one by one / together", rounds, Of(ONE_BY_ONE, ms, at / 100), Of(TOGETHER, ms, at / 100))
            for at in (50, 95)
        ]
        for arm in (TOGETHER, ONE_BY_ONE):
            made.append(median_of(f"{who}, {arm}: rate", rounds, Of(arm, rate), unit="1/s"))
            made += [median_of(f"{who}, {arm}: P{at}", rounds, Of(arm, ms, at / 100), unit="ms") for at in (50, 95)]
    return made


BENCHMARK = Benchmark(
    name="batching",
    compares=f"The service's queue before the text tower of {CARD.architecture}, random weights in eight bits: up to {MAX_BATCH} waiting "
    "queries encoded together against one by one, by callers that ask again as soon as they are answered. No query comes twice.",
    rounds=9,
    minutes=8,
    prepare=prepare,
    arms={TOGETHER: partial(_arm, most=MAX_BATCH), ONE_BY_ONE: partial(_arm, most=1)},
    figures=figures,
    missing=text_tower.missing,
    on_request=True,
)
