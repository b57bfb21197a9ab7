"""A cache on a Redis that is away or answers with errors: no fault ever reaches a search, and each soon costs nothing."""

import asyncio

import pytest

from service.breaker import State
from tests.faultproxy import Faults, Mode
from tests.service.redis_fixtures import KEYS, LIMIT, ONE, SURE, TWO, Bench, answer, bench, redis_server, use

__all__ = ["bench", "redis_server"]  # fixtures, imported for pytest to find

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
@pytest.mark.fault("F-39")
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
@pytest.mark.fault("F-39")
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


@pytest.mark.fault("F-39")
async def test_faults_meet_connections_that_were_good(bench: Bench) -> None:
    """A pool of working connections does not make a Redis that hangs later any more expensive."""
    await bench.fill()
    cache = bench.open(timeout=SURE)
    await asyncio.gather(*(cache.get(key) for key in KEYS))
    cache._timeout = 0.05
    await bench.proxy.set(Faults(mode=Mode.HANG))
    await use(cache, 3 * LIMIT)
    assert (cache.reads.state, cache.failures) == (State.OPEN, {"TimeoutError": LIMIT})


@pytest.mark.fault("F-39")
async def test_a_search_waits_once_for_a_redis_that_is_away(bench: Bench) -> None:
    """The put after a get that failed is not tried: the wait would be doubled."""
    await bench.proxy.set(Faults(mode=Mode.HANG))
    cache = bench.open()
    await cache.get(ONE)
    await cache.put(ONE, b"1")
    assert (cache.reads.failures, cache.writes.failures, cache.writes.refusals) == (1, 0, 0)


@pytest.mark.fault("F-39")
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


@pytest.mark.fault("F-39")
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


# ---- a server that answers with errors


@pytest.mark.fault("F-39")
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


@pytest.mark.fault("F-39")
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
@pytest.mark.fault("F-39")
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
