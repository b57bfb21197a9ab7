"""Trying again."""

import asyncio

import pytest

from jobs.patience import NONE, Patience
from jobs.stop import Interrupted, Stop
from searchindex.errors import CollectionMismatch, StoreUnavailable


class Clock:
    """Time passes while one sleeps, and at no other moment."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.waits: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.seconds += seconds


def failing(times: int, error: Exception):
    left = iter(range(times))

    async def act() -> str:
        if next(left, None) is not None:
            raise error
        return "done"

    return act


def patience(clock: Clock, *, budget: float, drawn: float = 1.0) -> Patience:
    return Patience(budget=budget, first=1, longest=4, now=lambda: clock.seconds, draw=lambda: drawn, sleep=clock.sleep)


async def test_it_waits_longer_each_time():
    """A server that restarts is asked seldom enough."""
    clock = Clock()
    assert await patience(clock, budget=100)(failing(4, StoreUnavailable("x"))) == "done"
    assert clock.waits == [1, 2, 4, 4]


async def test_waits_differ_between_processes():
    """Half of each wait is drawn, so that shards do not come back at one moment."""
    clock = Clock()
    await patience(clock, budget=100, drawn=0.0)(failing(3, StoreUnavailable("x")))
    assert clock.waits == [0.5, 1, 2]


async def test_the_budget_is_kept():
    """What does not come back ends the run."""
    clock = Clock()
    with pytest.raises(StoreUnavailable, match="down"):
        await patience(clock, budget=6)(failing(1000, StoreUnavailable("down")))
    assert clock.seconds <= 6


async def test_the_budget_is_for_each_failure():
    """A long run may meet many restarts."""
    clock = Clock()
    patient = patience(clock, budget=3.5)
    for _ in range(5):
        assert await patient(failing(2, StoreUnavailable("x"))) == "done"


async def test_only_what_may_pass_is_waited_for():
    """Another model's collection stays another model's."""
    with pytest.raises(CollectionMismatch):
        await patience(Clock(), budget=100)(failing(1, CollectionMismatch("x")))
    with pytest.raises(StoreUnavailable):
        await NONE(failing(1, StoreUnavailable("x")))


async def test_being_asked_to_stop_ends_the_waiting():
    """A pod that is to go does not use up its grace period."""
    stop = Stop()
    asyncio.get_running_loop().call_later(0.05, stop.ask)
    with pytest.raises(Interrupted):
        await Patience(budget=3600, first=3600, longest=3600, sleep=stop.sleep, draw=lambda: 0.0)(failing(9, StoreUnavailable("x")))
