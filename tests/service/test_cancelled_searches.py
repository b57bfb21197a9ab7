"""Searches given up at any moment, on a slow network between the service and both its engines: no answer is another search's.

`make fuzz` gives up 100,000.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import numpy as np
import pytest

from observability.stages import StageClock
from searchindex.collection import CollectionConfig
from searchindex.points import PointId
from searchindex.ports import Point
from searchindex.stores.qdrant import QdrantStore
from service.engine import Engine, EngineParts
from service.queries import Ask, Search, Term, Text
from service.redis_cache import RedisCache
from service.search import Answer, Searcher
from tests.engines import QdrantServer, RedisServer, qdrant_server, redis_server
from tests.fakes import DIM, FakeImageEncoder, FakeTextEncoder, unit
from tests.faultproxy import FaultProxy, Faults
from tests.faults.record import scaled
from tests.service.conftest import CARD

__all__ = ["qdrant_server", "redis_server"]  # fixtures, imported for pytest to find

CANCELS = scaled(2500)
AT_ONCE = 40
PICTURES = 300
SURE = 30.0  # seconds of timeout: the test is about replies that are late, not about ones that are given up by the service
PATIENCE = (None, None, 0.0, 0.0005, 0.001, 0.002, 0.004, 0.006, 0.01, 0.02)  # seconds until the caller leaves


@dataclass(slots=True)
class Bench:
    """A pipeline over slow networks."""

    searcher: Searcher
    cache: RedisCache
    proxies: Sequence[FaultProxy]


@pytest.fixture
async def bench(qdrant_server: QdrantServer, redis_server: RedisServer) -> AsyncIterator[Bench]:
    """Picture n is exactly what the words "picture n" look for."""
    async with AsyncExitStack() as stack:
        proxies = [await stack.enter_async_context(FaultProxy(port)) for port in (qdrant_server.grpc_port, redis_server.port)]
        store = QdrantStore("127.0.0.1", collection="cancelled", grpc_port=proxies[0].port, http_port=qdrant_server.http_port, timeout=SURE)
        await store.create(CollectionConfig(name="cancelled", dim=DIM, fingerprint="f"))
        await store.upsert([Point(PointId(n), unit(f"picture {n}"), {"n": n}) for n in range(PICTURES)])
        parts = EngineParts(
            card=CARD,
            fingerprint="f",
            store=store,
            open_text=FakeTextEncoder,
            open_image=FakeImageEncoder,
            queue=10 * AT_ONCE,
            wait=SURE,
        )
        engine, cache = Engine(parts), RedisCache(proxies[1].url, ttl=60, timeout=SURE, max_connections=500)
        await engine.load()
        yield Bench(Searcher(engine, cache), cache, proxies)
        for proxy in proxies:
            await proxy.set(Faults())
        await store.drop()
        await engine.close()
        await cache.close()


def searches(chance: random.Random) -> list[Search]:
    """One or a few; half of the terms are composed, which asks the store twice."""

    def one() -> Search:
        ask = Ask(top_k=chance.randint(1, 5), offset=0, score_threshold=0.0, filters=None)
        term = Term(Text(f"picture {chance.randrange(PICTURES)}"))
        return Search(terms=(term,), ask=ask, composed=chance.random() < 0.3)

    return [one() for _ in range(chance.choice([1, 1, 1, 3]))]


def check(wanted: Sequence[Search], answers: Sequence[Answer]) -> None:
    """Each answer is the one to its own question, from the cache or not."""
    assert len(wanted) == len(answers)
    for search, answer in zip(wanted, answers, strict=True):
        document = answer.document()
        (term,) = search.terms
        assert isinstance(term.source, Text)
        number = int(term.source.text.removeprefix("picture "))
        assert document["results"][0]["metadata"]["n"] == number
        assert document["total"] == search.ask.top_k
        for result in document["results"]:
            assert result["key"] == str(result["metadata"]["n"])
            assert ("parts" in result) == search.composed
            cosine = float(np.dot(unit(f"picture {number}"), unit(f"picture {result['key']}")))
            assert result["score"] == pytest.approx(cosine, abs=1e-3)


@pytest.mark.fault("F-40", cases=CANCELS)
async def test_no_answer_is_another_searchs(bench: Bench) -> None:
    """Thousands of searches are cancelled while they wait for Redis, the encoder or Qdrant; all others have their own answers."""
    chance = random.Random(40)
    done = cancelled = cached = 0

    async def caller() -> None:
        nonlocal done, cancelled, cached
        while cancelled < CANCELS:
            wanted = searches(chance)
            task = asyncio.create_task(bench.searcher.answers(wanted, StageClock()))
            if (patience := chance.choice(PATIENCE)) is not None:
                await asyncio.sleep(patience)
                task.cancel()
            try:
                answers = await task
            except asyncio.CancelledError:
                cancelled += 1
            else:
                check(wanted, answers)
                done += 1
                cached += answers[0].cached

    for proxy in bench.proxies:
        await proxy.set(Faults(delay=0.003))
    async with asyncio.TaskGroup() as callers:  # the first that is wrong ends them all
        for _ in range(AT_ONCE):
            callers.create_task(caller())
    assert done > CANCELS // 10
    assert 0 < cached < done
    assert (bench.cache.rejected, bench.cache.failures.total()) == (0, 0)
    assert bench.searcher.engine.waiting <= AT_ONCE
