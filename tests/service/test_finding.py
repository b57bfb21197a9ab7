"""Pages out of a real store: full where they can be, the same however they are asked for, and cheap."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from searchindex.collection import CollectionConfig
from searchindex.points import PointId
from searchindex.ports import Hit, Point, Query, Record
from searchindex.stores.edge import EdgeStore
from service import finding
from service.finding import Page, Sought, find
from service.queries import Ask, Search, Stored, Term, Text
from tests.fakes import DIM, unit

KINDS = 30  # pictures that differ
COPIES = 7  # of every third of them, nearly the same
QUERY = unit("what is looked for")
THRESHOLD = 0.94


class Counting(EdgeStore):
    """Remembers what it was asked."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.searched: list[int] = []
        self.depths: list[int] = []
        self.retrieved: list[int] = []

    async def search(self, queries: Sequence[Query]) -> list[list[Hit]]:
        self.searched.append(len(queries))
        self.depths.append(max(query.limit for query in queries))
        return await super().search(queries)

    async def retrieve(self, ids: Sequence[PointId], *, with_vectors: bool = False) -> list[Record]:
        self.retrieved.append(len(ids))
        return await super().retrieve(ids, with_vectors=with_vectors)


def points() -> list[Point]:
    """Ids in tens: 30 is a picture, 31 to 36 are nearly the same."""
    made = []
    for kind in range(KINDS):
        for copy in range(COPIES if kind % 3 == 0 else 1):
            row = unit(f"kind {kind}") + 0.02 * copy * unit(f"noise {kind} {copy}")
            made.append(Point(PointId(10 * kind + copy), row / np.linalg.norm(row), {"category": "odd" if kind % 2 else "even"}))
    return made


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Counting]:
    store = Counting(tmp_path / "store")
    await store.create(CollectionConfig(name="test", dim=DIM, fingerprint="f"))
    await store.upsert(points())
    yield store
    await store.close()


def sought(*, top_k: int = 10, offset: int = 0, group: float | None = None, without: int | None = None, composed: bool = False) -> Sought:
    ask = Ask(top_k=top_k, offset=offset, score_threshold=0.0, filters=None, group=group)
    terms = (Term(Text("x")),) if without is None else (Term(Text("x")), Term(Stored(str(without))))
    return Sought(search=Search(terms=terms, ask=ask, composed=composed), rows=QUERY[None], vector=QUERY, filter=None)


def bests(page: Page) -> list[int]:
    return [group.best.id for group in page.groups]


async def test_many_searches_are_one_call(store: Counting):
    """The store is asked once, and no vectors are fetched that nobody looks at."""
    pages = await find(store, [sought(), sought(top_k=3), sought(offset=5)])
    assert [len(page.groups) for page in pages] == [10, 3, 10]
    assert bests(pages[1]) == bests(pages[0])[:3]
    assert bests(pages[2])[:5] == bests(pages[0])[5:]
    assert (store.searched, store.retrieved) == ([3], [])


async def test_vectors_are_fetched_once_for_all_that_show_parts(store: Counting):
    """Only those on the pages, and each once."""
    pages = await find(store, [sought(top_k=4, composed=True), sought(top_k=6, offset=2, composed=True), sought()])
    assert set(pages[1].vectors) == set(bests(pages[1]))
    assert (store.searched, store.retrieved) == ([3], [8])


async def test_pictures_of_the_query_leave_no_gap(store: Counting):
    """The page is full without them, and they are on no page."""
    (best,) = bests((await find(store, [sought(top_k=1)]))[0])
    whole, first, second = await find(store, [sought(top_k=21), *(sought(offset=offset, without=best) for offset in (0, 10))])
    assert [*bests(first), *bests(second)] == bests(whole)[1:]


@pytest.mark.parametrize("top_k", [1, 4, 7, 30, 100])
async def test_pages_of_groups_join_without_a_seam(store: Counting, top_k: int):
    """Whatever the size of a page: every kind once, in the order of their best, each page but the last full."""
    (whole,) = await find(store, [sought(top_k=100, group=THRESHOLD)])
    assert len(whole.groups) == KINDS
    assert {best // 10 for best in bests(whole)} == set(range(KINDS))
    turned = []
    for offset in range(0, KINDS, top_k):
        (page,) = await find(store, [sought(top_k=top_k, offset=offset, group=THRESHOLD)])
        assert len(page.groups) == min(top_k, KINDS - offset)
        turned += bests(page)
    assert turned == bests(whole)


async def test_duplicates_are_those_of_their_best(store: Counting):
    """Every copy is under the best of its kind, in the order of the ranking."""
    (page,) = await find(store, [sought(top_k=100, group=THRESHOLD)])
    for group in page.groups:
        assert {hit.id // 10 for hit in group.duplicates} <= {group.best.id // 10}
        assert len(group.duplicates) == (0 if group.best.id // 10 % 3 else COPIES - 1)
        scores = [group.best.score, *(hit.score for hit in group.duplicates)]
        assert scores == sorted(scores, reverse=True)


async def test_only_pages_that_are_short_are_looked_at_again(store: Counting):
    """A search whose page is full costs nothing more because of its neighbours; depth grows in steps; vectors are fetched once."""
    (everything,) = await find(store, [sought(top_k=100, group=THRESHOLD)])
    store.searched.clear()
    store.depths.clear()
    store.retrieved.clear()
    await find(store, [sought(), sought(top_k=20, group=THRESHOLD), sought(top_k=1, group=THRESHOLD)])
    assert store.searched[0] == 3
    assert set(store.searched[1:]) == {1}
    assert store.depths == [40, 160]
    assert sum(store.retrieved) <= len(points()) == len(everything.vectors)


async def test_it_gives_up_at_the_window(store: Counting, monkeypatch: pytest.MonkeyPatch):
    """A page of groups that duplicates leave short is answered short, and the store is never asked for more than the window."""
    monkeypatch.setattr(finding, "WINDOW", 12)
    (page,) = await find(store, [sought(top_k=10, group=0.8)])
    assert 0 < len(page.groups) < 10
    assert sum(1 + len(group.duplicates) for group in page.groups) == 12
    (beyond,) = await find(store, [sought(top_k=10, offset=50, group=0.8)])
    assert beyond.groups == []


async def test_an_empty_page_is_empty(store: Counting):
    """Beyond the end there is nothing, grouped or not."""
    for page in await find(store, [sought(offset=500), sought(offset=500, group=THRESHOLD), sought(offset=500, composed=True)]):
        assert page.groups == []
