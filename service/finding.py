"""From vectors to pages of hits: one call of the store for many searches, as deep as each needs, folded into groups where asked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from searchindex.filters import Filter
from searchindex.points import PointId
from searchindex.ports import Hit, Query, Vectors, VectorStore
from service.compose import stored_vectors
from service.grouping import Group, group_hits
from service.queries import Search

Vector = NDArray[np.float32]
WINDOW = 1000  # groups are made among so many first hits: further down there are none
DEEPER = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """One search, ready for the store. `rows`: its terms' vectors, `vector`: what they make together."""

    search: Search
    rows: Vectors
    vector: Vector
    filter: Filter | None


@dataclass(slots=True)
class Page:
    """What was found of one search: groups of one hit each where none were asked for. `vectors` only where somebody looks at them."""

    groups: list[Group] = field(default_factory=list)
    vectors: dict[PointId, Vector] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class _Look:
    """One search, how deep it looks now, and what it has found."""

    sought: Sought
    depth: int
    hits: list[Hit] = field(default_factory=list)
    groups: list[Group] | None = None
    vectors: dict[PointId, Vector] = field(default_factory=dict)

    @property
    def end(self) -> int:
        """How many results make the page full."""
        return self.sought.search.ask.offset + self.sought.search.ask.top_k

    @property
    def wants_deeper(self) -> bool:
        """Whether the page may be fuller further down."""
        exhausted = len(self.hits) < self.depth or self.depth >= WINDOW
        return self.groups is not None and len(self.groups) < self.end and not exhausted


async def find(store: VectorStore, soughts: Sequence[Sought]) -> list[Page]:
    """The page of each, in order. One call of the store, one more for vectors where parts or groups are wanted, and as long as
    duplicates leave a page short both again for those pages, four times as deep.
    """
    looks = [_Look(sought, _first_depth(sought.search)) for sought in soughts]
    open_looks = looks
    while open_looks:
        await _search(store, open_looks)
        await _fetch_vectors(store, open_looks)
        for look in open_looks:
            _group(look)
        open_looks = [look for look in open_looks if look.wants_deeper]
        for look in open_looks:
            look.depth = min(DEEPER * look.depth, WINDOW)
    return [_page(look) for look in looks]


def _first_depth(search: Search) -> int:
    """As deep as the page ends; with groups twice that, so that one look is mostly enough."""
    end = search.ask.offset + search.ask.top_k
    return end if search.ask.group is None else min(2 * end, WINDOW)


async def _search(store: VectorStore, looks: Sequence[_Look]) -> None:
    """One more is asked for where one is left out, so that a page is full."""
    left_out = [look.sought.search.stored() for look in looks]
    queries = [
        Query(
            vector=look.sought.vector,
            limit=look.depth + len(without),
            score_threshold=look.sought.search.ask.score_threshold or None,
            filter=look.sought.filter,
        )
        for look, without in zip(looks, left_out, strict=True)
    ]
    for look, without, hits in zip(looks, left_out, await store.search(queries), strict=True):
        look.hits = [hit for hit in hits if hit.id not in without][: look.depth] if without else hits


async def _fetch_vectors(store: VectorStore, looks: Sequence[_Look]) -> None:
    wanted = {look: _wanted(look) for look in looks}
    missing = set().union(*wanted.values())
    if missing:
        fetched = await stored_vectors(store, missing)
        for look, ids in wanted.items():
            look.vectors |= {each: fetched[each] for each in ids if each in fetched}


def _wanted(look: _Look) -> set[PointId]:
    ask = look.sought.search.ask
    if ask.group is not None:
        return _ids(look.hits) - look.vectors.keys()
    return _ids(look.hits[ask.offset :]) if look.sought.search.composed else set()


def _ids(hits: Iterable[Hit]) -> set[PointId]:
    return {hit.id for hit in hits}


def _group(look: _Look) -> None:
    threshold = look.sought.search.ask.group
    if threshold is not None:
        look.groups = group_hits(look.hits, look.vectors, threshold=threshold)


def _page(look: _Look) -> Page:
    page = slice(look.sought.search.ask.offset, look.end)
    groups = [Group(hit) for hit in look.hits[page]] if look.groups is None else look.groups[page]
    return Page(groups, look.vectors)
