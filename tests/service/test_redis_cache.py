"""A cache on a Redis that misbehaves: no fault ever reaches a search, or gives it another one's answer."""

import asyncio
import pickle
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from searchindex.errors import InvalidInput
from service.breaker import State
from service.cache import CacheKey, cache_key
from service.redis_cache import GENERATION, HEAD, LARGEST, PREFIX, RedisCache, _pack
from tests.engines import RedisServer, redis_server
from tests.faultproxy import FaultProxy, Faults, Mode

__all__ = ["redis_server"]  # a fixture, imported for pytest to find

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


# ---- a network or a server that does not answer

AWAY = {
    "hung": Faults(mode=Mode.HANG),
    "refused": Faults(mode=Mode.REFUSE),
    "slow": Faults(delay=0.2),
    "reset": Faults(mode=Mode.RESET),
    "stalled": Faults(stall_after=9),
    "cut": Faults(reset_after=9),
    "throttled": Faults(rate=50),
}


@pytest.mark.parametrize("fault", AWAY)
async def test_is_left_alone_after_five_failures(bench: Bench, fault: str) -> None:
    """A Redis that is away costs five attempts; after them a search does not even open a connection, and nothing is raised."""
    await bench.fill()
    cache = bench.open()
    await bench.proxy.set(AWAY[fault])
    before = bench.proxy.accepted
    await use(cache, 3 * LIMIT)
    assert cache.reads.state is State.OPEN
    assert cache.reads.failures + cache.writes.failures == cache.failures.total()
    attempts = bench.proxy.accepted - before
    assert attempts <= LIMIT
    refusals, failures = cache.reads.refusals, cache.failures.total()
    await use(cache, 200)
    assert (bench.proxy.accepted - before, cache.failures.total()) == (attempts, failures)
    assert cache.reads.refusals == refusals + 200
    assert not cache.connected


@pytest.mark.parametrize("fault", AWAY)
async def test_comes_back_by_one_probe(bench: Bench, fault: str) -> None:
    """After its rest one get asks again; a Redis that is well again serves at once, one that is not rests twice as long."""
    await bench.fill()
    cache = bench.open()
    await bench.proxy.set(AWAY[fault])
    await use(cache, 3 * LIMIT)
    bench.clock.now += 1
    failures = cache.failures.total()
    assert await asyncio.gather(*(cache.get(ONE) for _ in range(10))) == [None] * 10
    assert cache.failures.total() == failures + 1
    await bench.proxy.set(Faults())
    bench.clock.now += 1.9
    assert await cache.get(ONE) is None
    bench.clock.now += 0.1
    cache._timeout = SURE
    assert await cache.get(ONE) == answer(ONE)
    assert (cache.connected, cache.reads.state) == (True, State.CLOSED)
    await cache.put(TWO, b"new")
    assert await cache.get(TWO) == b"new"


async def test_faults_meet_connections_that_were_good(bench: Bench) -> None:
    """A pool of working connections does not make a Redis that hangs later any more expensive."""
    await bench.fill()
    cache = bench.open(timeout=SURE)
    await asyncio.gather(*(cache.get(key) for key in KEYS))
    cache._timeout = 0.05
    await bench.proxy.set(Faults(mode=Mode.HANG))
    await use(cache, 3 * LIMIT)
    assert (cache.reads.state, cache.failures) == (State.OPEN, {"TimeoutError": LIMIT})


async def test_a_search_waits_once_for_a_redis_that_is_away(bench: Bench) -> None:
    """The put after a get that failed is not tried: the wait would be doubled."""
    await bench.proxy.set(Faults(mode=Mode.HANG))
    cache = bench.open()
    await cache.get(ONE)
    await cache.put(ONE, b"1")
    assert (cache.reads.failures, cache.writes.failures, cache.writes.refusals) == (1, 0, 0)


async def test_a_server_that_restarts_is_used_again(bench: Bench) -> None:
    """Redis may come back empty; the cache fills itself again."""
    cache = bench.open(timeout=SURE)
    await use(cache, 20)
    bench.server.engine.stop()
    await use(cache, 20)
    bench.server.engine.start()
    bench.clock.now += 60
    assert await cache.get(ONE) is None
    await cache.put(ONE, answer(ONE))
    assert await cache.get(ONE) == answer(ONE)


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


# ---- a server that answers with errors


async def test_a_read_only_server_still_answers(bench: Bench) -> None:
    """Writes to a replica fail and are soon not tried any more, and its answers are used."""
    await bench.fill()
    cache = bench.open(timeout=SURE)
    await bench.direct.replicaof(bench.server.host, 1)  # a master that is not there
    try:
        for key in KEYS:
            assert await cache.get(key) == answer(key)
            await cache.put(key, b"new")
        assert cache.failures == {"ReadOnlyError": LIMIT}
    finally:
        await bench.direct.replicaof("NO", "ONE")
    assert (cache.reads.state, cache.writes.state, cache.connected) == (State.CLOSED, State.OPEN, True)
    bench.clock.now += 1
    await cache.put(ONE, b"new")
    assert await cache.get(ONE) == b"new"


async def test_a_server_out_of_memory_still_answers(bench: Bench) -> None:
    """What is kept is served while nothing more fits."""
    await bench.fill()
    cache = bench.open(timeout=SURE)
    await bench.direct.config_set("maxmemory-policy", "noeviction")
    await bench.direct.config_set("maxmemory", 1)
    try:
        for key in KEYS:
            assert await cache.get(key) == answer(key)
            await cache.put(key, b"new")
    finally:
        await bench.direct.config_set("maxmemory", 0)
    assert (cache.failures, cache.connected) == ({"OutOfMemoryError": LIMIT}, True)
    assert (cache.reads.state, cache.writes.state) == (State.CLOSED, State.OPEN)


async def test_a_server_short_of_replicas_still_answers(bench: Bench) -> None:
    """NOREPLICAS (and MISCONF, of the same kind, when its disk fails) is a failure of writes alone."""
    await bench.fill()
    cache = bench.open(timeout=SURE)
    await bench.direct.config_set("min-replicas-to-write", 3)
    try:
        for key in KEYS:
            assert await cache.get(key) == answer(key)
            await cache.put(key, b"new")
    finally:
        await bench.direct.config_set("min-replicas-to-write", 0)
    assert (cache.failures, cache.connected) == ({"ResponseError": LIMIT}, True)


@pytest.mark.parametrize("password", ["swordfish-wrong", None])
async def test_a_wrong_password_is_a_miss(bench: Bench, password: str | None) -> None:
    """Neither a wrong nor a missing password fails a search, and the attempts end."""
    await bench.fill()
    cache = bench.open(password=password, timeout=SURE)
    right = bench.open(password="swordfish", timeout=SURE)
    await bench.direct.config_set("requirepass", "swordfish")
    try:
        await use(cache, 50)
        assert await right.get(ONE) == answer(ONE)
    finally:
        await bench.direct.config_set("requirepass", "")
    assert (cache.failures, cache.connected) == ({"AuthenticationError": LIMIT}, False)


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


# ---- cancellation, and answers that are not ours


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


async def test_a_cancelled_probe_does_not_shut_redis_out(bench: Bench) -> None:
    """The client whose search was the probe may go away; the next search probes."""
    await bench.fill()
    cache = bench.open()
    await bench.proxy.set(Faults(mode=Mode.HANG))
    await use(cache, LIMIT)
    bench.clock.now += 1
    cache._timeout = SURE
    probe = asyncio.create_task(cache.get(ONE))
    await asyncio.sleep(0.05)
    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probe
    await bench.proxy.set(Faults())
    assert await cache.get(ONE) == answer(ONE)


VALUE = _pack(ONE, answer(ONE), b"0" * 16)


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
    st.sampled_from([_pack(TWO, answer(TWO), b"0" * 16), VALUE[HEAD:], b'{"results":[]', b"SI\x02" + VALUE[3:], b"x" * (2 * LARGEST)]),
    st.just(_pack(ONE, b"x" * (LARGEST + 1), b"0" * 16)),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.one_of(damaged(), foreign))
async def test_values_that_are_not_ours_are_misses(bench: Bench, value: bytes) -> None:
    """Foreign, damaged, oversized or pickled bytes under our name are never an answer, are counted, and are overwritten."""
    async with Redis.from_url(bench.server.url) as direct:
        await direct.set(GENERATION, b"0" * 16)
        await direct.set(PREFIX + ONE, value)
    cache = RedisCache(bench.server.url, ttl=60, timeout=SURE)
    found = await cache.get(ONE)
    stale = len(value) == len(VALUE) and value[:3] == VALUE[:3] and value[19:] == VALUE[19:]  # only the generation is another
    wanted = (answer(ONE), 0) if value == VALUE else (None, int(bool(value) and not stale))
    assert (found, cache.rejected) == wanted
    await cache.put(ONE, answer(ONE))
    assert await cache.get(ONE) == answer(ONE)
    assert cache.failures.total() == 0
    await cache.close()


async def test_a_value_of_another_kind_is_a_miss(bench: Bench) -> None:
    """A list under our name is an error of Redis, a miss, and overwritten; under the generation's name, clear replaces it."""
    cache = bench.open(timeout=SURE)
    await bench.direct.rpush(PREFIX + ONE, "a")
    assert await cache.get(ONE) is None
    await cache.put(ONE, b"1")
    assert await cache.get(ONE) == b"1"
    await bench.direct.delete(GENERATION)
    await bench.direct.rpush(GENERATION, "a")
    assert await cache.get(ONE) is None
    await cache.clear()
    await cache.put(ONE, b"2")
    assert await cache.get(ONE) == b"2"


@pytest.mark.parametrize("generation", [b"", b"x", b"\xff" * 15, b"long" * 1000])
async def test_works_with_any_text_as_generation(bench: Bench, generation: bytes) -> None:
    """Whatever stands where the generation does, the cache works on."""
    await bench.direct.set(GENERATION, generation)
    cache = bench.open(timeout=SURE)
    for value in (b"1", b"2"):
        await cache.put(ONE, value)
        assert await cache.get(ONE) in (value, None if not generation else value)
    assert cache.rejected == 0


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


async def test_keeps_nothing_larger_than_a_mebibyte(bench: Bench) -> None:
    """An answer that would be refused when read is not written."""
    cache = bench.open(timeout=SURE)
    await cache.put(ONE, b"x" * (LARGEST + 1))
    assert (await bench.stored(ONE), cache.rejected) == (None, 1)


# ---- clear


async def test_clear_is_for_all_replicas_and_for_nothing_else(bench: Bench) -> None:
    """After one replica's clear no other serves an old answer, and keys that are not ours stay."""
    await bench.direct.set("somebody:else", "kept")
    first, second = bench.open(timeout=SURE), bench.open(timeout=SURE)
    await first.put(ONE, b"old")
    assert await second.get(ONE) == b"old"
    await first.clear()
    assert [await each.get(ONE) for each in (first, second)] == [None, None]
    await second.put(ONE, b"new")
    assert await first.get(ONE) == b"new"
    assert await bench.direct.get("somebody:else") == b"kept"
    assert (first.rejected, second.rejected) == (0, 0)


async def test_a_new_replica_keeps_what_is_there(bench: Bench) -> None:
    """A replica that writes before it has read anything does not make the others' answers unusable."""
    first, second = bench.open(timeout=SURE), bench.open(timeout=SURE)
    await first.put(ONE, b"1")
    await second.put(TWO, b"2")
    assert [await first.get(ONE), await second.get(ONE), await first.get(TWO)] == [b"1", b"1", b"2"]


async def test_an_evicted_generation_does_not_bring_old_answers_back(bench: Bench) -> None:
    """Redis may evict any key; answers of a generation that is gone stay forgotten."""
    cache = bench.open(timeout=SURE)
    await cache.put(ONE, b"old")
    await bench.direct.delete(GENERATION)
    assert await cache.get(ONE) is None
    await cache.put(TWO, b"2")
    assert [await cache.get(ONE), await cache.get(TWO)] == [None, b"2"]


async def test_a_clear_that_failed_is_made_up_for(bench: Bench) -> None:
    """While Redis could not be told, no old answer is served; once it can be, it is told."""
    await bench.fill()
    cache, other = bench.open(timeout=SURE), bench.open(timeout=SURE)
    assert await cache.get(ONE) == answer(ONE)
    await bench.proxy.set(Faults(mode=Mode.REFUSE))
    await cache.clear()
    await bench.proxy.set(Faults())
    assert await cache.get(ONE) is None
    assert await other.get(ONE) is None
    await cache.put(ONE, b"new")
    assert await other.get(ONE) == b"new"


# ---- settings and state


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
