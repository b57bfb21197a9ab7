"""Counts requests in Redis, for all replicas together. Imported where an address of Redis is set: a laptop has no package for it."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from limits import RateLimitItemPerSecond
from limits.aio.storage import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from redis.asyncio import BlockingConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from service.limits import Limit, MemoryWindow, Verdict

log = logging.getLogger(__name__)

PATIENCE = 0.1  # seconds that a request waits for Redis, once
AWAY_SECONDS = 5.0  # between two looks whether Redis is back
CONNECTIONS = 32
FAILURES = (RedisError, OSError, TimeoutError)


class RedisWindow:
    """Counts in Redis, and in the process while Redis is away: a failing Redis neither fails nor slows requests.

    A request waits for Redis `patience` seconds at most. After the first that waits in vain, none does: a task in the background asks every
    `AWAY_SECONDS`, while there are requests, whether Redis is back. Uses the `limits` library, whose script counts atomically.
    ValueError for an address that is none.
    """

    def __init__(self, url: str, *, patience: float = PATIENCE, clock: Callable[[], float] = time.monotonic) -> None:
        self._pool, self._patience = _pool(url, patience), patience
        options: dict[str, Any] = {"implementation": "redispy", "connection_pool": self._pool, "key_prefix": "searchindex"}
        self._storage = RedisStorage("async+redis://", **options)
        self._counter = MovingWindowRateLimiter(self._storage)
        self._memory, self._clock = MemoryWindow(clock=clock), clock
        self._away, self._next_look = False, 0.0
        self._look: asyncio.Task[None] | None = None

    async def hit(self, limit: Limit, caller: str) -> Verdict:
        if not self._away:
            try:
                async with asyncio.timeout(self._patience):
                    return await self._ask(limit, caller)
            except FAILURES as error:
                self._give_up(error)
        self._look_again()
        return await self._memory.hit(limit, caller)

    async def close(self) -> None:
        if self._look is not None:
            self._look.cancel()
        await self._pool.aclose()

    async def _ask(self, limit: Limit, caller: str) -> Verdict:
        item = RateLimitItemPerSecond(limit.amount, limit.seconds, namespace=limit.name)
        allowed = await self._counter.hit(item, caller)
        stats = await self._counter.get_window_stats(item, caller)
        return Verdict(allowed, max(0, stats.remaining), max(0.0, stats.reset_time - time.time()))

    def _give_up(self, error: Exception) -> None:
        """Its kind alone is logged: the text may hold the address with its password."""
        if not self._away:
            log.warning("Redis does not count requests (%s): each process counts its own until it does", type(error).__name__)
        self._away, self._next_look = True, self._clock() + AWAY_SECONDS

    def _look_again(self) -> None:
        if self._clock() >= self._next_look:
            self._next_look = self._clock() + AWAY_SECONDS
            self._look = asyncio.create_task(self._come_back())

    async def _come_back(self) -> None:
        try:
            async with asyncio.timeout(self._patience):
                back = await self._storage.check()
        except FAILURES:
            return
        if back:
            self._away = False
            log.info("Redis counts requests again")


def _pool(url: str, patience: float) -> BlockingConnectionPool:
    """Without the client's own retries, which would wait for seconds."""
    waits: dict[str, Any] = {"socket_timeout": patience, "socket_connect_timeout": patience, "timeout": patience}
    return BlockingConnectionPool.from_url(url, max_connections=CONNECTIONS, retry=Retry(NoBackoff(), 0), **waits)
