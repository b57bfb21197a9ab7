"""How many searches a second a running server can be asked before it is late: unloaded first, then tried upwards."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import mean

from bench.load import MS, Reply, offer, one_by_one, times
from bench.slo import highest, promise_of

LIGHT = 0.2  # of what a single caller asks who never pauses; of what a server can do that is less
PACE = 20  # searches of that caller
LONGEST = 20.0  # seconds of a trial, and of that caller
TRIES = 2  # a hiccup of the machine must not end the search; a rate that is a little too high fails twice
HOPELESS = 0.2  # share of the searches that are late or lost where no hiccup is to blame
SETTLE = 0.2  # seconds between trials
KEEP = 1.25  # step from the last answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """`trial`: seconds of one rate, or more until there are `least` searches, LONGEST at most; without load until there are `alone`.
    `whole`: seconds after which no other rate is tried.
    """

    alone: int
    trial: float
    least: int
    whole: float


FULL = Effort(alone=150, trial=5.0, least=100, whole=45.0)
QUICK = Effort(alone=20, trial=1.0, least=10, whole=8.0)


@dataclass(frozen=True, slots=True)
class Capacity:
    """`rate` in searches a second; `unloaded` in milliseconds."""

    rate: float
    unloaded: list[float]


async def unloaded(port: int, bodies: Iterator[bytes], effort: Effort) -> list[Reply]:
    """Searches at a constant rate so low that none meets another, each from when it was due: the measure of the loaded server.

    Not one caller who asks again at once: then processor and caches are warm, and threads awake, as they are at no rate that is kept to.
    """
    pace = times(await one_by_one(port, bodies, count=PACE, seconds=LONGEST))
    rate = LIGHT * MS / mean(pace)
    return await offer(port, bodies, rate=rate, seconds=max(effort.trial, effort.alone / rate))


async def capacity(port: int, bodies: Iterator[bytes], effort: Effort, *, last: float | None = None, least: float = 0.0) -> Capacity:
    """Of what is at P99 at most twice as long as without load, or `least` milliseconds where that is more. `last`: what was found before,
    which is where to begin.
    """
    alone = await unloaded(port, bodies, effort)
    promise, taken = promise_of(alone, least=least), times(alone)
    until = time.monotonic() + effort.whole

    async def holds(rate: float) -> bool:
        for _ in range(TRIES):
            await asyncio.sleep(SETTLE)
            seconds = max(effort.trial, min(effort.least / rate, LONGEST))
            replies = await offer(port, bodies, rate=rate, seconds=seconds)
            if promise.kept(replies):
                return True
            if promise.broken(replies) > HOPELESS:
                break
        return False

    first, step = (last, KEEP) if last else (500 / mean(taken), 2.0)
    return Capacity(await highest(holds, first=first, step=step, time_is_up=lambda: time.monotonic() > until), taken)
