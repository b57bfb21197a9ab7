"""Points in and out: replaced, deleted, read back as they were given."""

import numpy as np
import pytest

from searchindex.errors import InvalidInput
from searchindex.filters import AnyOf
from searchindex.points import PointId
from searchindex.ports import Point, Query, VectorStore
from tests.searchindex.stores.samples import DIM, at_angle, fan, nearest

LARGEST = PointId(2**63 - 1)


async def test_upsert_replaces_vector_and_whole_payload(store: VectorStore):
    """A picture that changed must leave nothing of what it was."""
    await store.upsert([Point(PointId(1), at_angle(0), {"category": "cat", "width": 3})])
    await store.upsert([Point(PointId(1), at_angle(1), {"category": "dog"})])
    (found,) = await store.retrieve([PointId(1)], with_vectors=True)
    assert found.payload == {"category": "dog"}
    assert found.vector == pytest.approx(at_angle(1), abs=1e-6)
    assert await store.count() == 1


async def test_an_upsert_larger_than_any_batch_is_whole(store: VectorStore):
    """Stores cut large upserts into messages; none may be lost at the seams."""
    await store.upsert(fan(range(1234)))
    assert await store.count() == 1234


async def test_nothing_to_do_is_no_error(store: VectorStore):
    """Empty batches happen at the end of a run."""
    await store.upsert([])
    await store.delete([])
    assert await store.retrieve([]) == []


async def test_retrieve_keeps_the_order_asked_and_passes_over_unknown_ids(store: VectorStore):
    """A caller zips the answer with its own list."""
    await store.upsert(fan([1, 2, 3]))
    assert [record.id for record in await store.retrieve([PointId(3), PointId(99), PointId(1)])] == [3, 1]


async def test_vectors_only_where_asked_for(store: VectorStore):
    """A vector is a hundred times a payload; and it comes back as float32 of unit length, fit for the next search."""
    await store.upsert(fan([1, 2]))
    assert (await store.retrieve([PointId(2)]))[0].vector is None
    vector = (await store.retrieve([PointId(2)], with_vectors=True))[0].vector
    assert vector is not None
    assert (vector.dtype, vector.shape) == (np.float32, (DIM,))
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)


async def test_ids_of_63_bits_survive(store: VectorStore):
    """Ids are hashes; one that went through a float would name another picture."""
    await store.upsert(fan([LARGEST, LARGEST - 1, 0]))
    assert [hit.id for hit in (await store.search([nearest()]))[0]] == [LARGEST, LARGEST - 1, 0]
    assert (await store.retrieve([LARGEST]))[0].id == LARGEST
    assert [record.id async for record in store.scroll(batch=1)] == [0, LARGEST - 1, LARGEST]


async def test_payloads_come_back_as_they_were(store: VectorStore):
    """Names in every script, nested attributes, large and small numbers: payloads are the caller's."""
    payload = {
        "category": "猫 🐈 \u202e مرحبا é",
        "tags": ["a b", "", "ü", "x" * 1000],
        "width": 2**62,
        "ratio": 0.1,
        "flag": False,
        "attributes": {"deep": [{"er": None}, 1.5, -3], "quote": "\"'\\\n\t\x00"},
    }
    await store.upsert([Point(PointId(1), at_angle(0), payload)])
    assert (await store.retrieve([PointId(1)]))[0].payload == payload
    assert await store.count(AnyOf("category", (payload["category"],))) == 1


async def test_scroll_gives_every_point_once_by_ascending_id(store: VectorStore):
    """Reconciling with the source compares two ascending lists."""
    everyone = np.random.default_rng(3).choice(10**12, 350, replace=False).tolist()
    await store.upsert([Point(PointId(each), at_angle(each % 7), {"width": each}) for each in everyone])
    records = [record async for record in store.scroll(batch=100)]
    assert [record.id for record in records] == sorted(everyone)
    assert all(record.payload == {"width": record.id} for record in records)


async def test_delete_removes_and_passes_over_unknown_ids(store: VectorStore):
    """A picture that is gone from the source is gone from the answers."""
    await store.upsert(fan([1, 2, 3]))
    await store.delete([PointId(2), PointId(77)])
    assert [hit.id for hit in (await store.search([nearest()]))[0]] == [1, 3]
    assert await store.count() == 2


async def test_facet_counts_exactly_most_frequent_first_then_by_value(store: VectorStore):
    """The counts beside the filters of a page must be right and must not jump about."""
    wanted = {"cat": 5, "ant": 3, "bee": 3, "dog": 3, "elk": 1}
    categories = [name for name, count in wanted.items() for _ in range(count)]
    rows = fan(range(len(categories)))
    await store.upsert([Point(each.id, each.vector, {"category": categories[each.id], "tags": ["x", "y"]}) for each in rows])
    assert list((await store.facet("category")).items()) == list(wanted.items())
    assert list((await store.facet("category", limit=2)).items()) == [("cat", 5), ("ant", 3)]
    assert await store.facet("tags", filter=AnyOf("category", ("cat",))) == {"x": 5, "y": 5}


@pytest.mark.parametrize("field", ["width", "nowhere"])
async def test_facet_refuses_what_is_no_keyword_field(store: VectorStore, field: str):
    """Other fields would be scanned or counted in part."""
    with pytest.raises(InvalidInput, match="category, tags"):
        await store.facet(field)


@pytest.mark.parametrize(
    "vector",
    [np.full(DIM, np.nan), np.full(DIM, np.inf), np.zeros(DIM), at_angle(0) * 2, at_angle(0, dim=DIM + 1), np.eye(DIM)],
    ids=["nan", "inf", "zero", "norm 2", "wrong dim", "matrix"],
)
async def test_vectors_that_are_none_are_refused_and_nothing_is_stored(store: VectorStore, vector):
    """Engines accept NaN and answer nonsense ever after."""
    with pytest.raises(InvalidInput):
        await store.upsert([*fan([1]), Point(PointId(2), vector.astype(np.float32), {})])
    assert await store.count() == 0


@pytest.mark.parametrize("vector", [np.full(DIM, np.nan), np.zeros(DIM), at_angle(0, dim=3)], ids=["nan", "zero", "wrong dim"])
async def test_queries_that_are_no_vector_are_refused(store: VectorStore, vector):
    """A NaN in a query gives any order at all."""
    await store.upsert(fan([1]))
    with pytest.raises(InvalidInput):
        await store.search([Query(vector=vector.astype(np.float32), limit=3)])


@pytest.mark.parametrize(
    "point",
    [Point(PointId(-1), at_angle(0), {}), Point(PointId(1), at_angle(0), {"a": "\ud800"}), Point(PointId(1), at_angle(0), {"a": object()})],
)
async def test_what_cannot_be_stored_is_the_callers_fault(store: VectorStore, point: Point):
    """A bad payload is told as such, never as a broken store."""
    with pytest.raises(InvalidInput):
        await store.upsert([point])
