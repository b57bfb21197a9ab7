"""Values and replies that are not ours or not whole, and gets that are cancelled: no search has another one's answer."""

import asyncio
import pickle
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from service.redis_cache import HEAD, LARGEST, PREFIX, RedisCache, _pack
from tests.faultproxy import Faults
from tests.service.redis_fixtures import KEYS, ONE, SURE, TWO, Bench, answer, bench, redis_server

__all__ = ["bench", "redis_server"]  # fixtures, imported for pytest to find

VALUE = _pack(ONE, answer(ONE))


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Our value with bytes changed, lost or added."""
    value, at = VALUE, draw(st.integers(0, len(VALUE) - 1))
    kind = draw(st.sampled_from(["flip", "cut", "insert", "drop"]))
    if kind == "flip":
        return value[:at] + bytes([value[at] ^ draw(st.integers(1, 255))]) + value[at + 1 :]
    if kind == "cut":
        return value[:at]
    if kind == "insert":
        return value[:at] + draw(st.binary(min_size=1, max_size=9)) + value[at:]
    return value[:at] + value[at + 1 :]


foreign = st.one_of(
    st.binary(max_size=200),
    st.binary(max_size=200).map(pickle.dumps),
    st.sampled_from([_pack(TWO, answer(TWO)), VALUE[HEAD:], b'{"results":[]', b"SI\x02" + VALUE[3:], b"x" * (2 * LARGEST)]),
    st.just(_pack(ONE, b"x" * (LARGEST + 1))),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.one_of(damaged(), foreign))
async def test_values_that_are_not_ours_are_misses(bench: Bench, value: bytes) -> None:
    """Foreign, damaged, oversized or pickled bytes under our name are never an answer, are counted, and are overwritten."""
    async with Redis.from_url(bench.server.url) as direct:
        await direct.set(PREFIX + ONE, value)
    cache = RedisCache(bench.server.url, ttl=60, timeout=SURE)
    found = await cache.get(ONE)
    assert (found, cache.rejected) == ((answer(ONE), 0) if value == VALUE else (None, int(bool(value))))
    await cache.put(ONE, answer(ONE))
    assert await cache.get(ONE) == answer(ONE)
    assert cache.failures.total() == 0
    await cache.close()


async def test_a_value_of_another_kind_is_a_miss(bench: Bench) -> None:
    """A list under our name is an error of Redis, a miss, and overwritten."""
    cache = bench.open(timeout=SURE)
    await bench.direct.rpush(PREFIX + ONE, "a")
    assert await cache.get(ONE) is None
    await cache.put(ONE, b"1")
    assert await cache.get(ONE) == b"1"


@pytest.mark.parametrize("position", range(0, 80, 3))
async def test_a_garbled_reply_is_never_an_answer(bench: Bench, position: int) -> None:
    """One bit flipped on the way, wherever it is, makes a miss and no error, and the connection is not trusted again."""
    await bench.fill()
    cache = bench.open(timeout=0.3)
    await bench.proxy.set(Faults(corrupt=position))
    for _ in range(3):
        assert await cache.get(ONE) in (None, answer(ONE))
    await bench.proxy.set(Faults())
    cache._timeout = SURE
    await cache.get(ONE)
    assert await cache.get(TWO) == answer(TWO)


@pytest.mark.parametrize("reply", [b":5", b":0", b"*1\r\n$1\r\na", b"*0", b"$-1", b"+OK", b"%1", b"HTTP/1.1 400 Bad Request"])
async def test_a_server_that_is_no_redis_is_a_miss(reply: bytes) -> None:
    """A number, a list, nothing or another protocol instead of a value: no answer and no error."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1000):
            writer.write(reply + b"\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        cache = RedisCache(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}", ttl=60, timeout=SURE)
        assert await cache.get(ONE) is None
        await cache.put(ONE, b"1")
        await cache.close()


async def test_cancelled_searches_leave_no_reply_behind(bench: Bench) -> None:
    """2,000 gets cancelled at any moment on a slow network: no search has another one's answer, and none is swallowed."""
    await bench.fill()
    cache = bench.open(timeout=SURE)
    await bench.proxy.set(Faults(delay=0.003))
    chance = random.Random(7)
    right = cancelled = 0

    async def search() -> None:
        nonlocal right, cancelled
        while cancelled < 2000:
            key = chance.choice(KEYS)
            task = asyncio.create_task(cache.get(key))
            if (patience := chance.choice([None, None, 0, 0.001, 0.003, 0.004, 0.01])) is not None:
                await asyncio.sleep(patience)
                task.cancel()
            try:
                assert await task == answer(key)
                right += 1
            except asyncio.CancelledError:
                cancelled += 1

    await asyncio.gather(*(search() for _ in range(10)))
    assert right > 500
    assert (cache.rejected, cache.failures.total(), cache.exhausted) == (0, 0, 0)
    assert not cache._pool._in_use_connections
