"""A level-based work queue: keys, each at most once in it and never in two workers; failures wait longer each time.

The semantics are those of client-go's workqueue. What to do is not carried: a worker looks at the world as it then is.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable

from controller.observed import Key

FIRST_BACKOFF, LONGEST_BACKOFF = 0.5, 60.0
ROUNDS = 10  # to a resync: hundreds of idle keys cost a quarter when they wake the processor together, and share what they read
Work = Callable[[Key], Awaitable[float | None]]  # seconds until the next look, or None


class WorkQueue:
    """`resync`: within so many seconds a key is looked at again though nothing happened, in a round with others."""

    def __init__(self, *, resync: float, uniform: Callable[[float, float], float] = random.uniform) -> None:
        self._resync, self._uniform = resync, uniform
        self._ready: asyncio.Queue[Key] = asyncio.Queue()
        self._queued: set[Key] = set()
        self._working: set[Key] = set()
        self._dirty: set[Key] = set()  # changed while being worked on
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._failures: dict[Key, int] = {}

    @property
    def depth(self) -> int:
        """Keys that wait for a worker now."""
        return self._ready.qsize()

    @property
    def working(self) -> int:
        return len(self._working)

    def add(self, key: Key) -> None:
        """Look at it as soon as a worker is free."""
        self._cancel_timer(key)
        if key in self._working:
            self._dirty.add(key)
        elif key not in self._queued:
            self._queued.add(key)
            self._ready.put_nowait(key)

    def add_after(self, key: Key, seconds: float) -> None:
        """Look at it later, or earlier if something happens; the last call counts."""
        self._cancel_timer(key)
        self._timers[key] = asyncio.get_running_loop().call_later(seconds, self._due, key)

    def forget(self, key: Key) -> None:
        """It is gone."""
        self._cancel_timer(key)
        self._failures.pop(key, None)

    async def work(self, act: Work) -> None:
        """One worker; runs until cancelled. An exception of `act` counts as a failure of that key alone."""
        while True:
            key = await self._ready.get()
            self._queued.discard(key)
            self._working.add(key)
            try:
                await self._turn(key, act)
            finally:
                self._working.discard(key)
            if key in self._dirty:
                self._dirty.discard(key)
                self.add(key)

    async def _turn(self, key: Key, act: Work) -> None:
        try:
            again = await act(key)
        except Exception:  # noqa: BLE001  # one key's trouble is not another's; `act` has logged it
            self._failures[key] = self._failures.get(key, 0) + 1
            self.add_after(key, self._backoff(self._failures[key]))
            return
        self._failures.pop(key, None)
        if again is None:
            self._add_to_round(key)
        else:
            self.add_after(key, min(again, self._resync))

    def _add_to_round(self, key: Key) -> None:
        """The last that is begun in time, or the one before it: what came at once is spread little by little."""
        loop, length = asyncio.get_running_loop(), self._resync / ROUNDS
        due = loop.time() // length + round(self._uniform(ROUNDS - 1, ROUNDS))
        self._cancel_timer(key)
        self._timers[key] = loop.call_at(due * length, self._due, key)

    def _backoff(self, failures: int) -> float:
        return min(LONGEST_BACKOFF, FIRST_BACKOFF * 2.0 ** (failures - 1)) * self._uniform(0.8, 1.2)

    def _due(self, key: Key) -> None:
        self._timers.pop(key, None)
        self.add(key)

    def _cancel_timer(self, key: Key) -> None:
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()
