"""The queue: one worker a key, one entry a key, patience with what fails."""

import asyncio
from collections.abc import Callable
from contextvars import Context
from typing import Any

import pytest

from controller.observed import Key
from controller.work_queue import WorkQueue

A, B = Key("ns", "a"), Key("ns", "b")


def queue() -> WorkQueue:
    return WorkQueue(resync=1000.0, uniform=lambda low, high: (low + high) / 2)


async def drain(work: asyncio.Task[None]) -> None:
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work


async def test_many_events_are_one_look() -> None:
    """A burst of events for one key is one look at it."""
    looked: list[Key] = []

    async def act(key: Key) -> float | None:
        looked.append(key)
        return None

    waiting = queue()
    for _ in range(100):
        waiting.add(A)
    waiting.add(B)
    worker = asyncio.create_task(waiting.work(act))
    await asyncio.sleep(0.05)
    await drain(worker)
    assert sorted(looked) == [A, B]


async def test_a_change_during_the_work_is_looked_at_afterwards_and_never_beside_it() -> None:
    """Two workers never have one key; what happened meanwhile is not lost."""
    at_work, most = 0, 0
    looked = 0

    async def act(_key: Key) -> float | None:
        nonlocal at_work, most, looked
        at_work += 1
        most = max(most, at_work)
        looked += 1
        if looked == 1:
            waiting.add(A)
            waiting.add(A)
        await asyncio.sleep(0.01)
        at_work -= 1
        return None

    waiting = queue()
    waiting.add(A)
    workers = [asyncio.create_task(waiting.work(act)) for _ in range(3)]
    await asyncio.sleep(0.2)
    for worker in workers:
        await drain(worker)
    assert (most, looked) == (1, 2)


async def test_failures_wait_longer_each_time_and_are_forgotten_with_a_success(monkeypatch: pytest.MonkeyPatch) -> None:
    """Backoff doubles up to a minute, for that key alone, and begins anew after a success."""
    waits: list[float] = []
    waiting = queue()
    monkeypatch.setattr(waiting, "add_after", lambda _key, seconds: waits.append(seconds))
    fails = [True] * 9 + [False, True]

    async def act(_key: Key) -> float | None:
        if fails.pop(0):
            raise RuntimeError
        return 5.0

    worker = asyncio.create_task(waiting.work(act))
    for _ in range(11):
        waiting.add(A)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await asyncio.sleep(0.005)
    await drain(worker)
    assert waits == [0.5, 1, 2, 4, 8, 16, 32, 60, 60, 5.0, 0.5]


async def test_everything_is_looked_at_again_in_time() -> None:
    """Without any event a key comes back after the resync, and earlier where it asked for that."""
    looked: list[Key] = []
    thrice = asyncio.Event()
    waiting = WorkQueue(resync=0.02, uniform=lambda low, high: (low + high) / 2)

    async def act(key: Key) -> float | None:
        looked.append(key)
        if len(looked) == 3:
            thrice.set()
        return None

    waiting.add(A)
    worker = asyncio.create_task(waiting.work(act))
    await thrice.wait()
    waiting.forget(A)
    await drain(worker)
    assert set(looked) == {A}


async def test_what_is_at_rest_is_looked_at_in_rounds_and_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys that came one by one are woken together, a few times in a resync, and none later than that."""
    loop, call_at = asyncio.get_running_loop(), asyncio.get_running_loop().call_at
    resync = 50.0
    planned: dict[Key, tuple[float, float]] = {}

    def plan(when: float, act: Callable[..., object], *given: Any, context: Context | None = None) -> asyncio.TimerHandle:
        if given and isinstance(given[0], Key):
            planned[given[0]] = (loop.time(), when)
        return call_at(when, act, *given, context=context)

    async def act(_key: Key) -> float | None:
        return None

    monkeypatch.setattr(loop, "call_at", plan)
    waiting = WorkQueue(resync=resync)
    worker = asyncio.create_task(waiting.work(act))
    for number in range(60):
        waiting.add(Key("ns", f"index-{number}"))
        await asyncio.sleep(0.001)
    await drain(worker)
    assert len(planned) == 60
    assert len({when for _, when in planned.values()}) <= 3
    assert all(0.8 * resync - 1 < when - now <= resync for now, when in planned.values())
