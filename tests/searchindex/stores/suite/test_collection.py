"""What a collection is: made once, described truthfully, removed entirely."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from searchindex.errors import CollectionMismatch, NotFound, StoreUnavailable
from searchindex.points import PointId
from searchindex.ports import VectorStore
from tests.searchindex.stores.samples import CONFIG, SCHEMA, fan, nearest


async def test_what_is_not_there_has_no_state(empty: VectorStore):
    """A caller can tell "nothing yet" from "empty" without an error."""
    assert await empty.state() is None


async def test_state_tells_what_was_created(fresh: VectorStore):
    """The fingerprint decides whether vectors may be compared, so it must come back as it was given."""
    state = await fresh.state()
    assert state is not None
    assert (state.dim, state.fingerprint, state.points, state.status) == (CONFIG.dim, CONFIG.fingerprint, 0, "green")
    assert state.schema == SCHEMA


async def test_creating_again_changes_nothing(fresh: VectorStore):
    """Every run of an indexing job creates; what earlier runs stored must stay."""
    await fresh.upsert(fan([1, 2]))
    await fresh.create(CONFIG)
    assert await fresh.count() == 2


@pytest.mark.parametrize("other", [replace(CONFIG, dim=16), replace(CONFIG, fingerprint="beef")])
async def test_another_model_is_refused_naming_both(fresh: VectorStore, other):
    """Vectors of two models in one collection give nonsense; the message must tell which two."""
    with pytest.raises(CollectionMismatch) as refused:
        await fresh.create(other)
    for part in (str(CONFIG.dim), CONFIG.fingerprint, str(other.dim), other.fingerprint):
        assert part in str(refused.value)


async def test_created_twice_at_the_same_moment(empty: VectorStore):
    """Several indexing jobs start together, and each creates."""
    await asyncio.gather(*(empty.create(CONFIG) for _ in range(4)))
    state = await empty.state()
    assert state is not None
    assert state.schema == SCHEMA


@pytest.mark.parametrize("act", ["upsert", "search", "count", "facet", "scroll", "retrieve", "delete", "optimize"])
async def test_without_a_collection_everything_says_so(empty: VectorStore, act: str):
    """A search before the first indexing must tell the reader to index, not fail inside an engine."""
    acts = {
        "upsert": lambda: empty.upsert(fan([1])),
        "search": lambda: empty.search([nearest()]),
        "count": empty.count,
        "facet": lambda: empty.facet("category"),
        "scroll": lambda: anext(empty.scroll()),
        "retrieve": lambda: empty.retrieve([PointId(1)]),
        "delete": lambda: empty.delete([PointId(1)]),
        "optimize": empty.optimize,
    }
    with pytest.raises(NotFound, match="no collection"):
        await acts[act]()


async def test_dropped_means_gone_and_can_be_made_anew(fresh: VectorStore):
    """After a drop another model may use the same place, and finds nothing of the old one."""
    await fresh.upsert(fan([1]))
    await fresh.drop()
    assert await fresh.state() is None
    await fresh.drop()
    await fresh.create(replace(CONFIG, fingerprint="beef", dim=8))
    assert await fresh.count() == 0


async def test_what_was_stored_is_there_after_reopening(fresh: VectorStore, open_store: Callable[[], VectorStore]):
    """The next process finds what the last one stored, and its settings."""
    await fresh.upsert(fan(range(20), payload={"category": "cat"}))
    before = await fresh.state()
    await fresh.close()
    again = open_store()
    assert await again.state() == before
    assert [hit.id for hit in (await again.search([nearest(3)]))[0]] == [0, 1, 2]
    await again.drop()
    await again.close()


async def test_a_closed_store_says_that_it_is_closed(fresh: VectorStore):
    """A request that comes during shutdown gets an answer that a border can translate."""
    await fresh.drop()
    await fresh.close()
    await fresh.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        await fresh.count()
