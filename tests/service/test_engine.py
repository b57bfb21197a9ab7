"""What is searched: one collection of one model, looked at again and again."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from qdrant_client import AsyncQdrantClient, models

from observability.stages import StageClock
from searchindex.collection import CollectionConfig, CollectionState
from searchindex.errors import CollectionMismatch, NoCollection, StoreUnavailable
from searchindex.points import PointId
from searchindex.ports import Point
from searchindex.stores.qdrant import QdrantStore
from service import engine as engines
from service.cache import MemoryCache
from service.engine import Engine
from service.queries import Ask
from service.search import Searcher
from tests.engines import QdrantServer, qdrant_server
from tests.fakes import DIM, FakeTextEncoder, unit
from tests.service.conftest import parts_of

__all__ = ["qdrant_server"]  # a fixture

ASK = Ask(top_k=3, offset=0, score_threshold=0.0, filters=None)
ALIAS = "engine"


class Aliased:
    """Collections of one model each, of which one is what the alias names, and an engine that serves model "old"."""

    def __init__(self, server: QdrantServer) -> None:
        self.server = server
        self.client = AsyncQdrantClient(host=server.host, port=server.http_port, grpc_port=server.grpc_port, prefer_grpc=True)
        self.engine = Engine(parts_of(self.store(ALIAS), FakeTextEncoder(), fingerprint="old"))
        self.searcher = Searcher(self.engine, MemoryCache(entries=0, ttl=1))

    def store(self, name: str) -> QdrantStore:
        return QdrantStore(self.server.host, collection=name, grpc_port=self.server.grpc_port, http_port=self.server.http_port)

    async def make(self, name: str, *, fingerprint: str) -> None:
        store = self.store(name)
        await store.create(CollectionConfig(name=name, dim=DIM, fingerprint=fingerprint))
        await store.upsert([Point(PointId(number), unit(f"{name} {number}"), {"of": name}) for number in range(5)])
        await store.close()

    async def name(self, collection: str) -> None:
        made = models.CreateAliasOperation(create_alias=models.CreateAlias(collection_name=collection, alias_name=ALIAS))
        await self.client.update_collection_aliases([made])

    async def found(self) -> set[str]:
        answer = await self.searcher.by_text("x", ASK, StageClock())
        return {result["metadata"]["of"] for result in answer.document()["results"]}


@pytest.fixture
async def aliased(qdrant_server: QdrantServer) -> AsyncIterator[Aliased]:
    aliased = Aliased(qdrant_server)
    await aliased.make("engine-old", fingerprint="old")
    await aliased.make("engine-new", fingerprint="new")
    await aliased.name("engine-old")
    await aliased.engine.load()
    yield aliased
    await aliased.engine.close()
    for name in ("engine-old", "engine-new"):
        await aliased.client.delete_collection(name)
    await aliased.client.close()


async def test_another_models_vectors_are_never_searched(aliased: Aliased):
    """From the moment an alias moves: until that is noticed the old collection is searched, and then none."""
    assert await aliased.found() == {"engine-old"}
    await aliased.name("engine-new")
    assert await aliased.found() == {"engine-old"}
    await aliased.engine.refresh()
    with pytest.raises(CollectionMismatch, match="engine-new"):
        await aliased.found()


async def test_a_search_under_way_ends_where_it_began(aliased: Aliased):
    """The alias moves to another collection of the same model while the query is encoded: it is answered from one of them."""
    await aliased.make("engine-new2", fingerprint="old")
    serving = aliased.engine.serving()
    await aliased.name("engine-new2")
    await aliased.engine.refresh()
    assert aliased.engine.serving().state.name == "engine-new2"
    assert (await serving.store.retrieve([PointId(1)]))[0].payload == {"of": "engine-old"}
    await aliased.client.delete_collection("engine-new2")


async def test_a_state_is_of_one_collection(aliased: Aliased, monkeypatch: pytest.MonkeyPatch):
    """Also where the alias moves between two of the questions that it takes: never the name of one and the model of the other."""
    real = QdrantStore._real_name

    async def moves(self, info):
        found = await real(self, info)
        await aliased.name("engine-new")
        return found

    monkeypatch.setattr(QdrantStore, "_real_name", moves)
    for _ in range(2):
        state = await aliased.store(ALIAS).state()
        assert state
        assert (state.name, state.fingerprint) in {("engine-old", "old"), ("engine-new", "new")}


async def test_a_collection_that_is_gone_is_not_the_callers_fault(aliased: Aliased):
    """A search says that there is none, which is answered 503 and tried again, and the next look finds what there is."""
    await aliased.name("engine-new")
    await aliased.client.delete_collection("engine-old")
    with pytest.raises(NoCollection):
        await aliased.found()
    await aliased.engine.refresh()
    with pytest.raises(CollectionMismatch):
        await aliased.found()


class Moody:
    """A store whose next looks go as `moods` say: an error to raise, or nothing."""

    def __init__(self, *moods: Exception | None) -> None:
        self.moods = list(moods)
        self.looks = 0

    async def state(self) -> CollectionState:
        self.looks += 1
        mood = self.moods.pop(0) if self.moods else None
        if mood is not None:
            raise mood
        return CollectionState(name="c", dim=DIM, fingerprint="f", points=1, indexed=1, status="green", schema={})

    def at(self, _name: str) -> "Moody":
        return self

    async def close(self) -> None: ...


def engine_on(store: Moody) -> Engine:
    return Engine(replace(parts_of(store, FakeTextEncoder()), store=store))


async def test_a_store_that_is_busy_for_a_moment_costs_no_search():
    """One look in vain is repeated at once; two are a problem, until one succeeds."""
    away = StoreUnavailable("away")
    store = Moody(away, None, away, away)
    engine = engine_on(store)
    await engine.refresh()
    assert (engine.problem, engine.store_answers) == (None, True)
    await engine.refresh()
    assert (engine.problem, engine.store_answers) == (away, False)
    await engine.refresh()
    assert (engine.problem, store.looks) == (None, 5)
    await engine.close()


async def test_an_error_that_nobody_foresaw_does_not_end_the_looking(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture):
    """It is logged, the service says that it is not ready, and is again once the store is well."""
    monkeypatch.setattr(engines, "RETRY_SECONDS", 0.01)
    store = Moody(RuntimeError("boom"))
    engine = engine_on(store)
    engine.start()
    deadline = time.monotonic() + 20
    while store.looks < 2 or engine.problem is not None:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    assert "boom" in caplog.text
    await engine.close()
