"""What a cache on a Redis that is well promises, and its settings."""

import asyncio
import random

import pytest

from searchindex.errors import InvalidInput
from service.breaker import State
from service.redis_cache import LARGEST, RedisCache
from tests.faultproxy import Faults, Mode
from tests.service.redis_fixtures import KEYS, ONE, SURE, TWO, Bench, answer, bench, redis_server, use

__all__ = ["bench", "redis_server"]  # fixtures, imported for pytest to find


async def test_replicas_share_their_answers(bench: Bench) -> None:
    """What one replica puts another one gets, from its first search on."""
    first, second = bench.open(timeout=SURE), bench.open(timeout=SURE)
    await first.put(ONE, b"1")
    await second.put(TWO, b"2")
    assert [await first.get(ONE), await second.get(ONE), await first.get(TWO)] == [b"1", b"1", b"2"]


async def test_keeps_nothing_larger_than_a_mebibyte(bench: Bench) -> None:
    """An answer that would be refused when read is not written."""
    cache = bench.open(timeout=SURE)
    await cache.put(ONE, b"x" * (LARGEST + 1))
    assert (await bench.stored(ONE), cache.rejected) == (None, 1)


async def test_more_searches_than_connections_miss_without_waiting(bench: Bench) -> None:
    """A pool that is used up is a miss at once, opens no more connections and is not held against Redis."""
    await bench.fill()
    cache = bench.open(timeout=SURE, max_connections=3)
    before = bench.proxy.accepted
    await bench.proxy.set(Faults(delay=0.2))
    found = await asyncio.gather(*(cache.get(ONE) for _ in range(50)))
    assert sorted(found, key=bool) == [None] * 47 + [answer(ONE)] * 3
    assert (cache.exhausted, bench.proxy.accepted - before) == (47, 3)
    assert (cache.reads.state, cache.failures.total(), cache.connected) == (State.CLOSED, 0, True)


async def test_flushed_under_load(bench: Bench) -> None:
    """FLUSHALL while searches run loses answers and nothing else."""
    cache = bench.open(timeout=SURE)
    done = asyncio.Event()

    async def search(seed: int) -> int:
        order, hits = random.Random(seed), 0
        while not done.is_set():
            key = order.choice(KEYS)
            if (found := await cache.get(key)) is None:
                await cache.put(key, answer(key))
            else:
                assert found == answer(key)
                hits += 1
        return hits

    searches = [asyncio.create_task(search(seed)) for seed in range(10)]
    for _ in range(50):
        await asyncio.sleep(0.01)
        await bench.direct.flushall()
    done.set()
    assert sum(await asyncio.gather(*searches)) > 0
    assert (cache.failures.total(), cache.rejected) == (0, 0)
    await use(cache, 20)
    assert await cache.get(ONE) == answer(ONE)


async def test_ping_says_whether_it_answers(bench: Bench) -> None:
    """/health has a truthful word from the start on, and a ping is as bounded as a get."""
    cache = bench.open(timeout=SURE)
    assert not cache.connected
    assert await cache.ping()
    assert cache.connected
    cache._timeout = 0.05
    await bench.proxy.set(Faults(mode=Mode.HANG))
    assert not await cache.ping()
    assert not cache.connected


@pytest.mark.parametrize(
    "url", ["http://h:1/", "h:1", "", "redis://:swordfish@h:notaport/0", "redis://:swordfish@h/0?unknown=1", "redis://:swordfish@h/?db=x"]
)
def test_a_url_that_cannot_be_used_is_refused_at_once(url: str) -> None:
    """A wrong URL stops the start with a sentence that does not show the password, instead of failing every get."""
    with pytest.raises(InvalidInput) as refused:
        RedisCache(url, ttl=60)
    assert "swordfish" not in f"{refused.value!r} {refused.value} {refused.value.__cause__}"


async def test_the_password_is_never_shown(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the cache's name for itself, nor its counters, nor a log has the password."""
    caplog.set_level(0)
    caches = [bench.open(password="swordfish"), RedisCache(f"redis://:swordfish@127.0.0.1:{bench.proxy.port}/0", ttl=60, timeout=SURE)]
    for cache in caches:
        await use(cache, 10)
        assert "swordfish" not in f"{cache!r} {cache.failures} {cache._pool!r} {caplog.text}"
        await cache.close()


async def test_settings_in_the_url_do_not_undo_the_limits(bench: Bench) -> None:
    """A URL with its own timeouts, retries or pool does not make a search wait."""
    options = "max_connections=500&socket_timeout=60&socket_connect_timeout=60&retry_on_timeout=true"
    cache = RedisCache(f"{bench.proxy.url}?{options}", ttl=60, clock=bench.clock)
    await bench.proxy.set(Faults(mode=Mode.HANG))
    await asyncio.gather(*(cache.get(ONE) for _ in range(50)))
    assert bench.proxy.accepted <= 20
    assert cache.exhausted == 30
    assert cache.failures == {"TimeoutError": 20}
    await cache.close()
