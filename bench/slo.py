"""The highest rate at which a server still does what was promised, found by trying."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bench.load import OK, Reply, p99

FACTOR = 2.0  # of the unloaded P99
STEPS = 8  # down from the first rate, before it is said that none holds


class NoRateError(Exception):
    """The server does not keep the promise at any rate."""


@dataclass(frozen=True, slots=True)
class Promise:
    """Every search is answered, and 99 % of them within `ms`, counted from when they were due."""

    ms: float

    def kept(self, replies: list[Reply]) -> bool:
        return bool(replies) and all(each.status == OK for each in replies) and p99(replies) <= self.ms

    def broken(self, replies: list[Reply]) -> float:
        """Share of the searches that were late, or not answered."""
        return sum(each.status != OK or each.ms > self.ms for each in replies) / len(replies)


def promise_of(unloaded: list[Reply], *, least: float = 0.0) -> Promise:
    """Twice the P99 of a server without load, or `least` milliseconds where that is more."""
    return Promise(max(least, FACTOR * p99(unloaded)))


async def highest(
    holds: Callable[[float], Awaitable[bool]],
    *,
    first: float,
    step: float = 2.0,
    precision: float = 1.08,
    time_is_up: Callable[[], bool] = lambda: False,
) -> float:
    """Searches a second. Up or down from `first` by the factor `step`, then halving the interval, in proportion, to `precision`.

    A rate at which the promise was kept and for which there was time; NoRateError where there is none.
    """
    low, high = await _bracket(holds, first, step, time_is_up)
    while high / low > precision and not time_is_up():
        middle = (low * high) ** 0.5
        if await holds(middle):
            low = middle
        else:
            high = middle
    return low


async def _bracket(
    holds: Callable[[float], Awaitable[bool]], first: float, step: float, time_is_up: Callable[[], bool]
) -> tuple[float, float]:
    """A rate that holds, and a higher one that does not, or that was not tried for want of time."""
    rate = first
    if await holds(rate):
        while not time_is_up() and await holds(rate * step):
            rate *= step
        return rate, rate * step
    for _ in range(STEPS):
        rate /= step
        if await holds(rate):
            return rate, rate * step
    raise NoRateError(f"The promise is not kept even at {rate:.2f} searches a second.")
