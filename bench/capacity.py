"""How many searches a second a running server can be asked before it is late: unloaded first, then tried upwards."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import mean

from bench.load import offer, one_by_one, times
from bench.slo import highest, promise_of

ENOUGH, LONGEST = 100, 20.0  # searches of one trial, as a P99 of fewer is none, if that takes no more seconds
TRIES = 2  # a hiccup of the machine must not end the search; a rate that is too high fails twice
SETTLE = 0.2  # seconds between trials
KEEP = 1.25  # step from the last answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """`alone`: searches of the unloaded server, or as many as fit in LONGEST; `trial` and `whole` in seconds."""

    alone: int
    trial: float
    whole: float


FULL = Effort(alone=200, trial=5.0, whole=45.0)
QUICK = Effort(alone=30, trial=1.0, whole=10.0)


@dataclass(frozen=True, slots=True)
class Capacity:
    """`rate` in searches a second; `unloaded` in milliseconds."""

    rate: float
    unloaded: list[float]


async def capacity(port: int, bodies: Iterator[bytes], effort: Effort, *, last: float | None = None) -> Capacity:
    """Of what a caller alone would see at most twice at P99. `last`: what was found before, which is where to begin."""
    alone = await one_by_one(port, bodies, count=effort.alone, seconds=LONGEST)
    promise, unloaded = promise_of(alone), times(alone)
    until = time.monotonic() + effort.whole

    async def holds(rate: float) -> bool:
        for _ in range(TRIES):
            await asyncio.sleep(SETTLE)
            seconds = max(effort.trial, min(ENOUGH / rate, LONGEST))
            if promise.kept(await offer(port, bodies, rate=rate, seconds=seconds)):
                return True
        return False

    first, step = (last, KEEP) if last else (500 / mean(unloaded), 2.0)
    return Capacity(await highest(holds, first=first, step=step, time_is_up=lambda: time.monotonic() > until), unloaded)
