"""Filled first, built afterwards: what is there in the end is what a collection made the usual way is."""

from dataclasses import replace

import numpy as np

from searchindex.collection import CollectionConfig, FieldType
from searchindex.filters import AnyOf
from searchindex.points import PointId
from searchindex.ports import Point, Query
from searchindex.stores.edge import EdgeStore
from searchindex.stores.qdrant import QdrantStore
from searchindex.stores.qdrant_wire import built
from tests.engines import QdrantServer
from tests.searchindex.stores.conftest import on_server

DIM, COUNT = 1024, 6_000  # on two segments above the threshold of each
CONFIG = CollectionConfig(name="x", dim=DIM, fingerprint="f00d", schema={"category": FieldType.KEYWORD}, build_threads=1)


def points() -> list[Point]:
    rows = np.random.default_rng(3).standard_normal((COUNT, DIM)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return [Point(PointId(number), row, {"category": f"c{number % 3}"}) for number, row in enumerate(rows)]


async def test_nothing_is_built_before_it_is_asked_for(qdrant_server: QdrantServer, collection: str):
    """Then all of it is: the server may say that it is green in the moment before it begins."""
    store = on_server(qdrant_server, collection)
    await store.create_for_loading(replace(CONFIG, name=collection))
    stored = points()
    await store.upsert(stored)
    before = await store.state()
    assert before is not None
    assert (before.points, before.indexed, before.schema) == (COUNT, 0, {})
    await store.finish_loading(CONFIG)
    info, after = await raw(store), await store.state()
    assert after is not None
    assert (after.points, after.status, after.schema) == (COUNT, "green", CONFIG.schema)
    assert built(info)
    assert info.segments_count > 2 or after.indexed > 0  # with more cores there are more segments, each too small
    assert await store.count(AnyOf("category", ("c1",))) == COUNT // 3
    await store.drop()
    await store.close()


async def test_settings_reach_the_server(qdrant_server: QdrantServer, collection: str):
    """Originals on disk, and as few building threads as were asked for."""
    store = on_server(qdrant_server, collection)
    await store.create(replace(CONFIG, name=collection, on_disk=True))
    config = (await raw(store)).config
    assert config.params.vectors.on_disk is True
    assert (config.hnsw_config.max_indexing_threads, config.optimizer_config.max_optimization_threads) == (1, 1)
    await store.drop()
    await store.close()


async def raw(store: QdrantStore):
    return await store._required()


async def test_the_embedded_engine_takes_the_same_calls(tmp_path):
    """It builds nothing by itself in any case."""
    store = EdgeStore(tmp_path / "index")
    await store.create_for_loading(CONFIG)
    stored = points()[:300]
    await store.upsert(stored)
    await store.finish_loading(CONFIG)
    (hits,) = await store.search([Query(vector=stored[5].vector, limit=1)])
    assert hits[0].id == 5
    await store.close()
