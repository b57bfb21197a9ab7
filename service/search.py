"""The search pipeline: validate -> cache -> encode -> search -> assemble, each a timed stage; for one search or for many at once."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from observability.latency import LatencyWindow
from observability.stages import Stage, StageClock, note
from searchindex.collection import CollectionState
from searchindex.filters import Filter, parse_filter
from searchindex.ports import Vectors, VectorStore
from service.assemble import assemble, head_of
from service.cache import Cache, CacheKey
from service.compose import combine, vectors_of
from service.engine import Engine
from service.finding import Sought, find
from service.queries import Ask, Search, Text, check, identity, named, parse_key, search_for

__all__ = ["Answer", "Ask", "Search", "Searcher", "parse_key"]

CACHE_AT_ONCE = 8  # gets of one request in flight: a batch does not take every connection to the cache


@dataclass(frozen=True, slots=True)
class Answer:
    """`body`: JSON, complete but for the last members, which differ from request to request."""

    body: bytes
    cached: bool
    explanation: str | None = None
    explanation_url: str | None = None

    def render(self, clock: StageClock) -> bytes:
        """The whole document. Cached bytes go out as they are, neither parsed nor rendered again."""
        last = {"cached": self.cached, "explanation": self.explanation, "explanation_url": self.explanation_url}
        return self.body + f',"latency_ms":{1000 * clock.elapsed():.3f},'.encode() + orjson.dumps(last)[1:]

    def document(self) -> dict[str, Any]:
        """The members that do not differ from request to request."""
        document: dict[str, Any] = orjson.loads(self.body + b"}")
        return document


@dataclass(slots=True)
class Latencies:
    """The windows that `GET /stats` shows."""

    embedding: LatencyWindow
    search: LatencyWindow
    total: LatencyWindow


@dataclass(frozen=True, slots=True)
class _Checked:
    """A search that can be answered. `key`: None where its answer is not kept."""

    search: Search
    filter: Filter | None
    key: CacheKey | None


class Searcher:
    """One per process. `hits` and `misses` count the cache's answers."""

    def __init__(self, engine: Engine, cache: Cache) -> None:
        self.engine, self.cache = engine, cache
        self.latencies = Latencies(LatencyWindow(), LatencyWindow(), LatencyWindow())
        self.hits = self.misses = 0
        self._writes: set[asyncio.Task[None]] = set()

    async def by_text(self, query: str, ask: Ask, clock: StageClock) -> Answer:
        """Pictures that show what `query` (1..512 characters) says."""
        return await self.answer(search_for(Text(query), ask), clock)

    async def answer(self, search: Search, clock: StageClock) -> Answer:
        """InvalidInput, NotFound for a stored term, or what stands in the way of any search."""
        (answer,) = await self.answers([search], clock)
        return answer

    async def answers(self, searches: Sequence[Search], clock: StageClock) -> list[Answer]:
        """In their order. Of several, an error says which one it is about, and then none is answered."""
        with clock.stage(Stage.VALIDATE):
            serving = self.engine.serving()
            checked = _checked(searches, serving.state)
        with clock.stage(Stage.CACHE):
            kept = await self._cached(checked)
            note("searchindex.cache.hits", sum(each is not None for each in kept))
        missing = [each for each, body in zip(checked, kept, strict=True) if body is None]
        made = iter(await self._searched(missing, serving.store, clock) if missing else ())
        answers = [Answer(head_of(each.search) + (body or next(made)), body is not None) for each, body in zip(checked, kept, strict=True)]
        self._observe(clock)
        return answers

    async def _searched(self, missing: Sequence[_Checked], store: VectorStore, clock: StageClock) -> list[bytes]:
        with clock.stage(Stage.ENCODE):
            soughts = await self._sought(missing, store)
        with clock.stage(Stage.SEARCH):
            pages = await find(store, soughts)
        with clock.stage(Stage.ASSEMBLE):
            bodies = [assemble(sought, page) for sought, page in zip(soughts, pages, strict=True)]
        if puts := [(each.key, body) for each, body in zip(missing, bodies, strict=True) if each.key is not None]:
            self._put_later(puts)
        return bodies

    async def _sought(self, missing: Sequence[_Checked], store: VectorStore) -> list[Sought]:
        rows = await vectors_of(self.engine, store, [each.search for each in missing])
        return [_sought(each, of_terms) for each, of_terms in zip(missing, rows, strict=True)]

    async def _cached(self, checked: Sequence[_Checked]) -> list[bytes | None]:
        found: list[bytes | None] = []
        for start in range(0, len(checked), CACHE_AT_ONCE):
            part = checked[start : start + CACHE_AT_ONCE]
            found += [await self._kept(part[0])] if len(part) == 1 else await asyncio.gather(*map(self._kept, part))
        return found

    async def _kept(self, checked: _Checked) -> bytes | None:
        if checked.key is None:
            return None
        found = await self.cache.get(checked.key)
        if found is None:
            self.misses += 1
        else:
            self.hits += 1
        return found

    def _put_later(self, puts: Sequence[tuple[CacheKey, bytes]]) -> None:
        """Nobody waits for the cache to take an answer. The set keeps the task from being collected while it runs."""
        task = asyncio.create_task(self._put(puts))
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)

    async def _put(self, puts: Sequence[tuple[CacheKey, bytes]]) -> None:
        for key, body in puts:
            await self.cache.put(key, body)

    def _observe(self, clock: StageClock) -> None:
        windows = ((Stage.ENCODE, self.latencies.embedding), (Stage.SEARCH, self.latencies.search))
        for stage, window in windows:
            if stage in clock.seconds:
                window.add(clock.seconds[stage])
        self.latencies.total.add(clock.elapsed())


def _checked(searches: Sequence[Search], state: CollectionState) -> list[_Checked]:
    """All of them before any work is done for one."""
    checked = []
    for search in searches:
        with named(search):
            check(search)
            checked.append(_Checked(search, parse_filter(search.ask.filters, state.schema), identity(search, state)))
    return checked


def _sought(checked: _Checked, rows: Vectors) -> Sought:
    search = checked.search
    with named(search):
        vector = combine(rows, [term.weight for term in search.terms]) if search.composed else rows[0]
    return Sought(search=search, rows=rows, vector=vector, filter=checked.filter)
