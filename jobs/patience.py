"""Trying again while the store does not answer: a restarting server costs a run some seconds, not the run."""

import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from jobs.stop import Stop
from searchindex.errors import StoreUnavailable

Done = TypeVar("Done")


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds: waits grow from `first` by doubling up to `longest`, and none begins later than `budget` after the first failure.

    Each wait is drawn between half of itself and the whole, so that the shards of a Job do not all come back at one moment.
    Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """

    budget: float
    first: float = 0.2
    longest: float = 10.0
    now: Callable[[], float] = time.monotonic
    draw: Callable[[], float] = field(default=random.random)
    sleep: Callable[[float], Awaitable[None]] = field(default_factory=lambda: Stop().sleep)

    async def __call__(self, act: Callable[[], Awaitable[Done]]) -> Done:
        """What `act` returns; StoreUnavailable when the budget is used up, anything else at once. `act` may run several times."""
        wait, deadline = self.first, None
        while True:
            try:
                return await act()
            except StoreUnavailable:
                deadline = self.now() + self.budget if deadline is None else deadline
                pause = wait * (1 + self.draw()) / 2
                if self.now() + pause > deadline:
                    raise
            await self.sleep(pause)
            wait = min(2 * wait, self.longest)


NONE = Patience(budget=0)
