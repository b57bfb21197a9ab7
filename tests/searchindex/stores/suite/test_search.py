"""Order, ties, thresholds and pages: the same question has one answer, however it is cut."""

import numpy as np
import pytest

from searchindex.filters import AnyOf
from searchindex.points import PointId
from searchindex.ports import Point, Query, VectorStore
from tests.searchindex.stores.samples import at_angle, clustered, fan, nearest


async def ids(store: VectorStore, query: Query) -> list[int]:
    return [hit.id for hit in (await store.search([query]))[0]]


async def test_best_first_with_payload_and_cosine(store: VectorStore):
    """Hits come by falling cosine, and bring what is to be shown."""
    await store.upsert(fan([5, 3, 9], payload={"category": "cat"}))
    hits = (await store.search([nearest()]))[0]
    assert [hit.id for hit in hits] == [5, 3, 9]
    assert [hit.score for hit in hits] == pytest.approx([1, np.cos(0.01), np.cos(0.02)], abs=1e-6)
    assert hits[0].payload == {"category": "cat"}


async def test_equal_scores_come_by_id(store: VectorStore):
    """Copies of one picture must not change places from one request to the next."""
    shuffled = [50, 3, 99, 12, 7, 1000, 2, 88, 41, 6]
    await store.upsert([Point(PointId(each), at_angle(0), {}) for each in shuffled])
    assert await ids(store, nearest(4)) == sorted(shuffled)[:4]
    await store.delete([PointId(3)])
    await store.upsert([Point(PointId(3), at_angle(0), {})])
    assert await ids(store, nearest(10)) == sorted(shuffled)


@pytest.mark.parametrize("size", [1, 7, 10])
async def test_pages_are_stable_and_complete_under_ties(store: VectorStore, size: int):
    """Paging through shows every point once and in one order, even where a tie is cut by a page's end."""
    rng = np.random.default_rng(1)
    everyone = rng.permutation(60).tolist()
    await store.upsert([Point(PointId(each), at_angle(0.1 * (each % 3)), {"width": each}) for each in everyone])
    expected = sorted(range(60), key=lambda each: (each % 3, each))
    queries = [nearest(size, offset=start) for start in range(0, 60, size)]
    pages = await store.search(queries)
    assert [hit.id for page in pages for hit in page] == expected
    assert all(hit.payload == {"width": hit.id} for page in pages for hit in page)


async def test_beyond_the_last_page_there_is_nothing(store: VectorStore):
    """A reader who goes on after the end gets an empty page."""
    await store.upsert(fan(range(5)))
    assert await ids(store, nearest(10, offset=5)) == []
    assert await ids(store, nearest(10, offset=3)) == [3, 4]


async def test_threshold_leaves_out_what_is_further_away(store: VectorStore):
    """SEARCH_SCORE_THRESHOLD is a promise: nothing below it is shown, and what lies on it is."""
    await store.upsert([Point(PointId(1), at_angle(0), {}), Point(PointId(2), at_angle(1.0), {}), Point(PointId(3), at_angle(2.0), {})])
    assert await ids(store, nearest(score_threshold=0.5)) == [1, 2]
    assert await ids(store, nearest(score_threshold=0.6)) == [1]
    on_it = (await store.search([nearest(2)]))[0][1].score
    assert await ids(store, nearest(score_threshold=on_it)) == [1, 2]


async def test_filtered_search_still_fills_the_page(store: VectorStore):
    """A filter chooses before the ranking is cut, so that a page is full as long as there are matches."""
    points = fan(range(200))
    await store.upsert([Point(each.id, each.vector, {"category": "rare" if each.id % 20 == 0 else "common"}) for each in points])
    assert await ids(store, nearest(10, filter=AnyOf("category", ("rare",)))) == list(range(0, 200, 20))


async def test_a_batch_answers_as_single_searches_do(store: VectorStore):
    """Batching is for speed; it must not change an answer."""
    rows = clustered(300, 8)
    await store.upsert([Point(PointId(place), row, {"width": place % 5}) for place, row in enumerate(rows)])
    queries = [
        Query(vector=rows[place], limit=1 + place, offset=place % 3, filter=AnyOf("width", (place % 5,)) if place % 2 else None)
        for place in range(12)
    ]
    singles = [(await store.search([query]))[0] for query in queries]
    assert await store.search(queries) == singles
    assert await store.search([]) == []


async def test_a_query_need_not_be_of_unit_length(store: VectorStore):
    """Cosine has no length: weighted sums of vectors can be asked for as they are."""
    await store.upsert(fan([1, 2]))
    long = Query(vector=at_angle(0) * 3, limit=2)
    assert [hit.score for hit in (await store.search([long]))[0]] == pytest.approx([1, np.cos(0.01)], abs=1e-6)
