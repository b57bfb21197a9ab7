"""From what an engine returns to pages that are the same however they are asked for.

Engines cut a result among equal scores wherever they please, and int8 scores order candidates roughly. So every search
(1) rescores the whole beam with the original vectors, so that the depth asked for does not change what is found, and
(2) looks one hit further than the page; if the page ends among equal scores, it looks on until that tie has ended.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from searchindex.points import Payload, PointId
from searchindex.ports import Hit, Query

MAX_TIE = 16_384  # beyond so many equal scores the engine's own choice stands


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """One request to the engine: the best `depth`, with payloads or with ids and scores alone."""

    query: Query
    depth: int
    with_payload: bool


Scored = tuple[PointId, float, Payload | None]
FetchAll = Callable[[Sequence[Fetch]], Awaitable[list[list[Scored]]]]
Payloads = Callable[[Sequence[PointId]], Awaitable[dict[PointId, Payload]]]


def beam(depth: int, *, ef: int) -> int:
    """How many candidates to look at for `depth` hits: `ef` doubled until it is twice the depth. Steps, so that neighbouring
    pages see the same candidates.
    """
    width = ef
    while width < 2 * depth:
        width *= 2
    return width


async def search_pages(queries: Sequence[Query], *, fetch: FetchAll, payloads: Payloads) -> list[list[Hit]]:
    """The page of each query, ordered by score and id. One call of `fetch` unless a page starts late or ends in a tie."""
    asked = [Fetch(query=query, depth=query.offset + query.limit + 1, with_payload=query.offset == 0) for query in queries]
    answers = [_ranked(found) for found in await fetch(asked)] if asked else []
    await _follow_ties(asked, answers, fetch)
    pages = [_page(query, found) for query, found in zip(queries, answers, strict=True)]
    missing = sorted({each[0] for page in pages for each in page if each[2] is None})
    known = await payloads(missing) if missing else {}
    return [[Hit(point, score, known.get(point, {}) if payload is None else payload) for point, score, payload in page] for page in pages]


async def _follow_ties(asked: list[Fetch], answers: list[list[Scored]], fetch: FetchAll) -> None:
    """Replace in both lists what ended among equal scores, until no tie is cut."""
    while cut := [place for place, found in enumerate(answers) if _cuts_a_tie(asked[place], found)]:
        for place in cut:
            asked[place] = Fetch(query=asked[place].query, depth=4 * asked[place].depth, with_payload=False)
        for place, found in zip(cut, await fetch([asked[place] for place in cut]), strict=True):
            answers[place] = _ranked(found)


def _cuts_a_tie(asked: Fetch, found: list[Scored]) -> bool:
    last = asked.query.offset + asked.query.limit - 1
    more = len(found) >= asked.depth and asked.depth < MAX_TIE
    return more and last >= 0 and found[-1][1] == found[last][1]


def _ranked(found: list[Scored]) -> list[Scored]:
    """Rounding can lift a cosine above 1: cut before comparing, so that equal pictures are equal."""
    cut = ((point, min(score, 1.0), payload) for point, score, payload in found)
    return sorted(cut, key=lambda each: (-each[1], each[0]))


def _page(query: Query, found: list[Scored]) -> list[Scored]:
    page = found[query.offset : query.offset + query.limit]
    floor = query.score_threshold
    return page if floor is None else [each for each in page if each[1] >= floor]


async def facet_top(limit: int, *, fetch: Callable[[int], Awaitable[list[tuple[str, int]]]]) -> dict[str, int]:
    """The `limit` most frequent values, then by value. `fetch` gives the engine's top n; asked again while it cuts a tie."""
    depth = limit + 1
    found = await fetch(depth)
    while len(found) >= depth and depth < MAX_TIE and min(count for _, count in found) == _count_at(found, limit):
        depth *= 4
        found = await fetch(depth)
    return dict(sorted(found, key=lambda each: (-each[1], each[0]))[:limit])


def _count_at(found: list[tuple[str, int]], limit: int) -> int:
    return sorted((count for _, count in found), reverse=True)[limit - 1]
