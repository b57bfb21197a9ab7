"""What replicas know of one another's explanations: one suite for one process and for two that share a Redis."""

import pytest

from service.cache import Cache, MemoryCache
from service.shared_explanations import PENDING_SECONDS, SharedExplanations, Status
from tests.service.redis_fixtures import SURE, Bench, bench, redis_server

__all__ = ["bench", "redis_server"]  # fixtures

ID, FACTS = "A" * 22, b"\x00\xff" * 8


class Wall:
    """Seconds since 1970, moved by hand."""

    now = 1e9

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture(params=["memory", "redis"])
def caches(request: pytest.FixtureRequest) -> tuple[Cache, Cache]:
    """Of the replica that makes, and of the one that is asked."""
    if request.param == "memory":
        cache = MemoryCache(entries=100, ttl=60)
        return cache, cache
    bench: Bench = request.getfixturevalue("bench")
    return bench.open(timeout=SURE), bench.open(timeout=SURE)


@pytest.fixture
def replicas(caches: tuple[Cache, Cache], wall: Wall) -> tuple[SharedExplanations, SharedExplanations]:
    here, there = caches
    return SharedExplanations(here, clock=wall), SharedExplanations(there, clock=wall)


async def test_from_its_beginning_to_its_end(replicas: tuple[SharedExplanations, SharedExplanations]):
    """Pending, then ready with its text, and known by what it explains."""
    here, there = replicas
    assert (await there.find(ID), await there.of(FACTS)) == (None, None)
    await here.begun(ID)
    pending = await there.find(ID)
    assert pending
    assert (pending.status, pending.text, await there.of(FACTS)) == (Status.PENDING, None, None)
    await here.ended(ID, FACTS, "Zwei Herzen ❤")
    ready = await there.find(ID)
    assert ready
    assert (ready.status, ready.text) == (Status.READY, "Zwei Herzen ❤")
    assert await there.of(FACTS) == ready


async def test_a_failure_is_known_by_its_id_alone(replicas: tuple[SharedExplanations, SharedExplanations]):
    """Who waits for it learns of it, and the next search tries anew."""
    here, there = replicas
    await here.begun(ID)
    await here.ended(ID, FACTS, None)
    failed = await there.find(ID)
    assert failed
    assert (failed.status, failed.text, await there.of(FACTS)) == (Status.UNAVAILABLE, None, None)


async def test_what_never_ends_is_not_believed(replicas: tuple[SharedExplanations, SharedExplanations], wall: Wall):
    """A replica that was killed leaves nobody waiting for ever."""
    here, there = replicas
    await here.begun(ID)
    wall.now += PENDING_SECONDS + 1
    ended = await there.find(ID)
    assert ended
    assert ended.status is Status.UNAVAILABLE
