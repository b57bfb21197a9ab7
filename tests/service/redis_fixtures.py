"""A cache on a Redis behind a network that can fail; import `bench` and `redis_server`, which are fixtures."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from redis.asyncio import Redis

from service.cache import CacheKey, cache_key
from service.redis_cache import PREFIX, RedisCache
from tests.engines import RedisServer, redis_server
from tests.faultproxy import FaultProxy, Faults

__all__ = ["KEYS", "LIMIT", "ONE", "SURE", "TWO", "Bench", "answer", "bench", "redis_server", "use"]

KEYS = [cache_key({"query": number}) for number in range(20)]
ONE, TWO = KEYS[:2]
LIMIT = 5  # failures that open a breaker
SURE = 10.0  # seconds of timeout where the test is not about slowness


def answer(key: CacheKey) -> bytes:
    """What is kept for a key, so that a wrong answer is seen."""
    return f"the answer to {key}".encode() * 20


@dataclass(slots=True)
class Clock:
    """The breakers' seconds: their rest never ends by itself, however slow the machine is."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass(slots=True)
class Bench:
    """A cache that reaches Redis through a network that can fail, and a client that reaches it always."""

    server: RedisServer
    proxy: FaultProxy
    direct: Redis
    clock: Clock
    caches: list[RedisCache]

    def open(self, *, timeout: float = 0.05, password: str | None = None, max_connections: int = 20) -> RedisCache:
        cache = RedisCache(self.proxy.url, ttl=60, timeout=timeout, clock=self.clock, password=password, max_connections=max_connections)
        self.caches.append(cache)
        return cache

    async def fill(self, keys: list[CacheKey] = KEYS) -> None:
        """Answers for all keys, put by another replica."""
        cache = self.open(timeout=SURE)
        for key in keys:
            await cache.put(key, answer(key))
            assert await cache.get(key) == answer(key)

    async def stored(self, key: CacheKey) -> bytes | None:
        return await self.direct.get(PREFIX + key)


@pytest.fixture
async def bench(redis_server: RedisServer) -> AsyncIterator[Bench]:
    async with FaultProxy(redis_server.port) as proxy, Redis.from_url(redis_server.url) as direct:
        await direct.flushall()
        bench = Bench(redis_server, proxy, direct, Clock(), [])
        yield bench
        await proxy.set(Faults())
        for cache in bench.caches:
            await cache.close()


async def use(cache: RedisCache, times: int) -> None:
    """Searches, as the pipeline makes them; every answer is the right one, or none."""
    for number in range(times):
        key = KEYS[number % len(KEYS)]
        found = await cache.get(key)
        assert found in (None, answer(key))
        if found is None:
            assert await cache.put(key, answer(key)) is None
