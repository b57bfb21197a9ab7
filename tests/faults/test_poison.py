"""F-14 and F-16: vectors that are none, for both stores; and values in Redis that are not ours."""

import pickle
import random

import numpy as np
from numpy.typing import NDArray
from redis.asyncio import Redis

from searchindex.errors import InvalidInput
from searchindex.points import PointId
from searchindex.ports import Point, Query, VectorStore
from service.redis_cache import HEAD, LARGEST, MAGIC, PREFIX, RedisCache, _pack
from tests.engines import redis_server
from tests.faults.record import record, scaled
from tests.searchindex.stores.conftest import qdrant_server, shared_edge, store
from tests.searchindex.stores.samples import DIM, fan, nearest
from tests.service.redis_fixtures import KEYS, ONE, SURE, TWO, Bench, answer, bench

__all__ = ["bench", "qdrant_server", "redis_server", "shared_edge", "store"]  # fixtures

POISON = (np.nan, np.inf, -np.inf, 1e30, -1e30, 3.4e38)


def poisoned(chance: random.Random) -> NDArray[np.float32]:
    """A vector with one or more values that no model gives, of another length, or of no length at all."""
    row = np.random.default_rng(chance.randrange(2**32)).standard_normal(DIM).astype(np.float32)
    row /= np.linalg.norm(row)
    match chance.randrange(4):
        case 0 | 1:
            for at in chance.sample(range(DIM), chance.randint(1, DIM)):
                row[at] = chance.choice(POISON)
        case 2:
            return np.resize(row, chance.choice([0, 1, DIM - 1, DIM + 1, 2 * DIM, 4096]))
        case 3:
            row *= 0
    return row


def is_fit_for_a_query(row: NDArray[np.float32]) -> bool:
    """Cosine does not depend on the length, as long as there is one."""
    return row.shape == (DIM,) and bool(np.isfinite(row).all() and 0 < np.abs(row).max() < 1e15)


async def test_poison_is_neither_stored_nor_searched_with(store: VectorStore):
    """Refused as the caller's fault, on write and in a query; the points before are found as before, and nothing is stored by halves."""
    chance, cases, bad = random.Random(14), scaled(250), []
    await store.upsert(fan([1, 2]))
    for number in range(cases):
        row = poisoned(chance)
        try:
            await store.upsert([*fan([3]), Point(PointId(4), row, {})])
        except InvalidInput:
            pass
        else:
            bad.append(f"stored {row[:3]}")
        try:
            await store.search([Query(vector=row, limit=3)])
        except InvalidInput:
            continue
        if not is_fit_for_a_query(row):
            bad.append(f"searched with {row[:3]}, number {number}")
    assert await store.count() == 2
    (hits,) = await store.search([nearest()])
    assert [hit.id for hit in hits] == [1, 2]
    record("F-14", 2 * cases, bad)


class Trap:
    """Unpickling it would be seen."""

    sprung = 0

    def __reduce__(self):
        return spring, ()


def spring() -> None:
    Trap.sprung += 1


def foreign(chance: random.Random) -> bytes:
    """What another program, another version, an attacker or a broken disk may have left under our name."""
    ours = _pack(ONE, answer(ONE))
    at = chance.randrange(len(ours))
    flipped = ours[:at] + bytes([ours[at] ^ (1 << chance.randrange(8))]) + ours[at + 1 :]
    other = _pack(chance.choice(KEYS[1:]), answer(TWO))
    words = [b'{"results": []}', b"null", b"\0" * 99, MAGIC, MAGIC + bytes(HEAD), b"SI\x02" + ours[3:], ours[HEAD:], ours[::-1]]
    kinds = [ours[:at], flipped, ours + chance.randbytes(chance.randint(1, 99)), other, pickle.dumps(Trap()), chance.choice(words)]
    if chance.random() < 0.02:
        return b"x" * (2 * LARGEST)
    return chance.choice([*kinds, chance.randbytes(chance.randint(1, 2000))])


async def test_what_is_not_ours_in_redis_is_a_miss(bench: Bench):
    """Never an answer and never run; counted, and overwritten by the next answer."""
    chance, cases, bad = random.Random(16), scaled(1000), []
    cache = RedisCache(bench.server.url, ttl=60, timeout=SURE)
    async with Redis.from_url(bench.server.url) as direct:
        for number in range(cases):
            value = foreign(chance)
            await direct.set(PREFIX + ONE, value)
            counted = cache.rejected
            found = await cache.get(ONE)
            if found is not None or cache.rejected != counted + bool(value):
                bad.append(f"{value[:30]!r} gave {found!r:.30}")
            await cache.put(ONE, answer(ONE))
            if await cache.get(ONE) != answer(ONE):
                bad.append(f"number {number} was not overwritten")
    await cache.close()
    assert Trap.sprung == 0
    assert cache.failures.total() == 0
    record("F-16", cases, bad)
