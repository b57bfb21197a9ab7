"""What every cache promises, asked of both; the key; and what the one in memory adds."""

import asyncio
import random
import unicodedata
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from redis.asyncio import Redis

from service.cache import Cache, CacheKey, MemoryCache, cache_key
from service.redis_cache import RedisCache
from tests.engines import RedisServer, redis_server

__all__ = ["redis_server"]  # a fixture, imported for pytest to find

ONE, TWO = cache_key({"query": "one"}), cache_key({"query": "two"})
TTL = 60  # seconds


@dataclass(slots=True)
class Kept:
    """A cache, and how to let the time of its answers pass."""

    cache: Cache
    expire: Callable[[], Awaitable[None]]


async def memory() -> AsyncIterator[Kept]:
    now = [0.0]

    async def expire() -> None:
        now[0] += TTL

    yield Kept(MemoryCache(entries=100, ttl=TTL, clock=lambda: now[0]), expire)


async def redis(server: RedisServer) -> AsyncIterator[Kept]:
    cache = RedisCache(server.url, ttl=TTL, timeout=5)

    async def expire() -> None:
        """Every answer has its time; let it be short."""
        async for name in client.scan_iter(match="searchindex:*"):
            assert 0 < await client.pttl(name) <= TTL * 1000
            await client.pexpire(name, 1)
        await asyncio.sleep(0.01)

    async with Redis.from_url(server.url) as client:
        await client.flushall()
        yield Kept(cache, expire)
    await cache.close()


@pytest.fixture(params=["memory", "redis"])
async def kept(request: pytest.FixtureRequest) -> AsyncIterator[Kept]:
    caches = memory() if request.param == "memory" else redis(request.getfixturevalue("redis_server"))
    async for each in caches:
        assert each.cache.name == request.param
        yield each


@pytest.mark.parametrize("value", [b"", b"\0", b'{"results":[]', bytes(range(256)), b"x" * (1 << 20)], ids=len)
async def test_gives_back_what_was_put(kept: Kept, value: bytes) -> None:
    """Any bytes up to 1 MiB come back as they were, the empty ones too."""
    await kept.cache.put(ONE, value)
    assert await kept.cache.get(ONE) == value


async def test_misses_what_was_not_put(kept: Kept) -> None:
    """Another key's answer is never given."""
    await kept.cache.put(ONE, b"1")
    assert await kept.cache.get(TWO) is None


async def test_the_last_put_wins(kept: Kept) -> None:
    """A newer answer replaces the older one."""
    await kept.cache.put(ONE, b"old")
    await kept.cache.put(ONE, b"new")
    assert await kept.cache.get(ONE) == b"new"


async def test_answers_expire(kept: Kept) -> None:
    """An answer is not given once its time is over."""
    await kept.cache.put(ONE, b"1")
    await kept.expire()
    assert await kept.cache.get(ONE) is None


async def test_a_put_starts_the_time_anew(kept: Kept) -> None:
    """An answer that expired can be kept again."""
    await kept.cache.put(ONE, b"1")
    await kept.expire()
    await kept.cache.put(ONE, b"2")
    assert await kept.cache.get(ONE) == b"2"


async def test_says_that_it_is_connected_and_closes(kept: Kept) -> None:
    """A cache that answers is connected, and closing it, even twice, raises nothing."""
    await kept.cache.get(ONE)
    assert kept.cache.connected
    for _ in range(2):
        await kept.cache.close()


# ---- the one in memory


async def test_memory_drops_the_least_recently_used() -> None:
    """A full cache lets go of what was not asked for longest, and a get counts as use."""
    cache = MemoryCache(entries=2, ttl=60)
    await cache.put(ONE, b"1")
    await cache.put(TWO, b"2")
    assert await cache.get(ONE) == b"1"
    three = cache_key({"query": "three"})
    await cache.put(three, b"3")
    assert [await cache.get(key) for key in (ONE, TWO, three)] == [b"1", None, b"3"]


async def test_memory_expires_to_the_instant() -> None:
    """The time is counted from the put, whatever is asked in between."""
    now = [0.0]
    cache = MemoryCache(entries=2, ttl=10.0, clock=lambda: now[0])
    await cache.put(ONE, b"1")
    for now[0], wanted in ((5.0, b"1"), (9.999, b"1"), (10.0, None), (9.0, None)):
        assert await cache.get(ONE) == wanted


async def test_memory_of_no_entries_keeps_nothing() -> None:
    """Zero entries switch the cache off."""
    cache = MemoryCache(entries=0, ttl=60)
    await cache.put(ONE, b"1")
    assert await cache.get(ONE) is None


@given(st.lists(st.tuples(st.sampled_from(["get", "put"]), st.integers(0, 6), st.floats(0, 4)), max_size=60))
async def test_memory_is_a_bounded_dictionary(steps: list[tuple[str, int, float]]) -> None:
    """Whatever happens, it holds the entries allowed at most and gives the last value put or nothing."""
    now = [0.0]
    cache = MemoryCache(entries=3, ttl=10.0, clock=lambda: now[0])
    last: dict[CacheKey, tuple[float, bytes]] = {}
    for count, (what, number, gap) in enumerate(steps):
        now[0] += gap
        key = CacheKey(str(number))
        if what == "put":
            last[key] = (now[0], str(count).encode())
            await cache.put(key, last[key][1])
        elif (found := await cache.get(key)) is not None:
            assert found == last[key][1]
            assert now[0] < last[key][0] + 10.0
        assert len(cache._entries) <= 3


# ---- the key

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
conditions = st.recursive(
    texts | numbers | st.booleans(), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=6
)
PARTS: dict[str, st.SearchStrategy[Any]] = {
    "query": texts,
    "top_k": st.integers(1, 100),
    "offset": st.integers(0, 10_000),
    "score_threshold": st.floats(0, 1),
    "filters": st.dictionaries(texts, conditions, max_size=4),
    "collection": texts,
    "fingerprint": texts,
    "points": st.integers(0, 2**40),
}
facts = st.fixed_dictionaries(PARTS)


def shuffled(value: Any, chance: random.Random) -> Any:
    """Equal to `value`, with the members of every object in another order."""
    if isinstance(value, dict):
        names = list(value)
        chance.shuffle(names)
        return {name: shuffled(value[name], chance) for name in names}
    return [shuffled(item, chance) for item in value] if isinstance(value, list) else value


@given(given=facts, data=st.data(), name=st.sampled_from(sorted(PARTS)))
def test_facts_that_differ_in_one_part_have_different_keys(given: dict[str, Any], data: st.DataObject, name: str) -> None:
    """No model, page, filter or collection, nor one with more pictures, is ever served another one's answer."""
    other = data.draw(PARTS[name])
    assume(other != given[name])
    assert cache_key(given) != cache_key(given | {name: other})


@given(given=facts, chance=st.randoms(use_true_random=False))
def test_equal_facts_have_equal_keys(given: dict[str, Any], chance: random.Random) -> None:
    """The order in which a client writes its filters costs it no hit."""
    assert cache_key(given) == cache_key(shuffled(given, chance))


@given(texts)
def test_unicode_forms_are_different_queries(query: str) -> None:
    """Composed and decomposed text may be encoded differently, so they do not share an answer."""
    forms = {unicodedata.normalize(form, query) for form in ("NFC", "NFD", "NFKC", "NFKD")}
    assert len({cache_key({"query": form}) for form in forms}) == len(forms)


def test_a_million_pairs_have_no_equal_keys() -> None:
    """Among 1,536 requests that differ a little, which makes 1.2 million pairs, no two share a key."""
    several = [
        {
            "query": query,
            "top_k": top_k,
            "offset": offset,
            "score_threshold": threshold,
            "filters": filters,
            "collection": name,
            "fingerprint": of,
        }
        for query in ("cat", "Cat", "cat ", "1")
        for top_k in (1, 10, 11, 100)
        for offset in (0, 1, 10)
        for threshold in (0.0, 0.1)
        for filters in ({}, {"a": 1}, {"a": "1"}, {"a": {"in": [1]}})
        for name in ("images", "images-r2")
        for of in ("f1", "f2")
    ]
    assert len({cache_key(each) for each in several}) == len(several) == 1536
