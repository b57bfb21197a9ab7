"""The search pipeline: validate -> cache -> encode -> search -> assemble, each a timed stage."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from observability.latency import LatencyWindow
from observability.stages import Stage, StageClock
from searchindex.collection import CollectionState
from searchindex.errors import InvalidInput, NotFound
from searchindex.filters import Filter, parse_filter
from searchindex.points import PointId
from searchindex.ports import Hit, Query
from service.cache import Cache, CacheKey, cache_key
from service.engine import Engine

Vector = NDArray[np.float32]
Encode = Callable[[], Awaitable[Vector]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What to look for beside the vector; defaults are filled in."""

    top_k: int
    offset: int
    score_threshold: float
    filters: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Answer:
    """`body`: JSON, complete but for the last members, which differ from request to request."""

    body: bytes
    cached: bool

    def render(self, clock: StageClock) -> bytes:
        """The whole document. Cached bytes go out as they are, neither parsed nor rendered again."""
        tail = f',"latency_ms":{1000 * clock.elapsed():.3f},"cached":{"true" if self.cached else "false"},"explanation":null}}'
        return self.body + tail.encode()


@dataclass(slots=True)
class Latencies:
    """The windows that `GET /stats` shows."""

    embedding: LatencyWindow
    search: LatencyWindow
    total: LatencyWindow


class Searcher:
    """One per process. `hits` and `misses` count the cache's answers."""

    def __init__(self, engine: Engine, cache: Cache) -> None:
        self.engine, self.cache = engine, cache
        self.latencies = Latencies(LatencyWindow(), LatencyWindow(), LatencyWindow())
        self.hits = self.misses = 0
        self._writes: set[asyncio.Task[None]] = set()

    async def by_text(self, query: str, ask: Ask, clock: StageClock) -> Answer:
        """Pictures that show what `query` (1..512 characters) says."""
        text = " ".join(query.split())
        if not text:
            raise InvalidInput("The query is empty.", hint="Say what the picture shows.")
        return await self._answer({"query": query}, {"text": text}, ask, clock, lambda: self.engine.encode_text(text))

    async def by_key(self, key: str, ask: Ask, clock: StageClock) -> Answer:
        """Pictures like one in the index, which is itself left out."""
        wanted = parse_key(key)
        return await self._answer({"query": None}, {"key": key}, ask, clock, lambda: self._stored(wanted), without=wanted)

    async def by_image(self, content: bytes, ask: Ask, clock: StageClock) -> Answer:
        """Pictures like the one sent; not cached."""
        return await self._answer({"query": None}, None, ask, clock, lambda: self.engine.encode_image(content))

    async def _answer(
        self,
        head: dict[str, Any],
        identity: dict[str, Any] | None,
        ask: Ask,
        clock: StageClock,
        encode: Encode,
        *,
        without: PointId | None = None,
    ) -> Answer:
        with clock.stage(Stage.VALIDATE):
            state = self.engine.serving()
            wanted = parse_filter(ask.filters, state.schema)
        with clock.stage(Stage.CACHE):
            key = self._key(identity, ask, state) if identity else None
            cached = await self._cached(key)
        if cached is not None:
            self._observe(clock)
            return Answer(cached, cached=True)
        with clock.stage(Stage.ENCODE):
            vector = await encode()
        with clock.stage(Stage.SEARCH):
            hits = await self._search(vector, ask, wanted, without)
        with clock.stage(Stage.ASSEMBLE):
            body = assemble(head, hits)
        if key is not None:
            self._put_later(key, body)
        self._observe(clock)
        return Answer(body, cached=False)

    def _key(self, identity: dict[str, Any], ask: Ask, state: CollectionState) -> CacheKey:
        facts = {
            "top_k": ask.top_k,
            "offset": ask.offset,
            "score_threshold": ask.score_threshold,
            "filters": ask.filters or {},
            "collection": state.name,
            "fingerprint": state.fingerprint,
            "points": state.points,
        }
        return cache_key(identity | facts)

    async def _cached(self, key: CacheKey | None) -> bytes | None:
        if key is None:
            return None
        found = await self.cache.get(key)
        if found is None:
            self.misses += 1
        else:
            self.hits += 1
        return found

    def _put_later(self, key: CacheKey, body: bytes) -> None:
        """Nobody waits for the cache to take an answer. The set keeps the task from being collected while it runs."""
        task = asyncio.create_task(self.cache.put(key, body))
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)

    async def _stored(self, wanted: PointId) -> Vector:
        records = await self.engine.parts.store.retrieve([wanted], with_vectors=True)
        if not records or records[0].vector is None:
            raise NotFound("There is no picture with that key.")
        return records[0].vector

    async def _search(self, vector: Vector, ask: Ask, wanted: Filter | None, without: PointId | None) -> list[Hit]:
        """One more is asked for where one is left out, so that a page is full."""
        extra = 0 if without is None else 1
        threshold = ask.score_threshold or None
        query = Query(vector=vector, limit=ask.offset + ask.top_k + extra, score_threshold=threshold, filter=wanted)
        (hits,) = await self.engine.parts.store.search([query])
        kept = [hit for hit in hits if hit.id != without]
        return kept[ask.offset : ask.offset + ask.top_k]

    def _observe(self, clock: StageClock) -> None:
        windows = ((Stage.ENCODE, self.latencies.embedding), (Stage.SEARCH, self.latencies.search))
        for stage, window in windows:
            if stage in clock.seconds:
                window.add(clock.seconds[stage])
        self.latencies.total.add(clock.elapsed())


def parse_key(key: str) -> PointId:
    """A result's `key`: up to 63 bits in decimal."""
    if int(key) >= 2**63:
        raise InvalidInput("That key is out of range.", hint="Use a result's key.")
    return PointId(int(key))


def assemble(head: dict[str, Any], hits: list[Hit]) -> bytes:
    """The answer up to, and without, its last members and closing brace."""
    results = [{"id": hit.id, "key": str(hit.id), "score": round(hit.score, 6), "metadata": hit.payload} for hit in hits]
    return orjson.dumps(head | {"results": results, "total": len(results)})[:-1]
