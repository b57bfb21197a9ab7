"""`GET /health` and `/stats` as the seed has them, `/collection` for who searches, and the probes `/livez` and `/readyz`, which differ."""

import time

from fastapi import APIRouter, Response

from searchindex.collection import CollectionState
from searchindex.errors import SearchIndexError
from service.schemas import CollectionAnswer, CollectionStats, Health, Stats
from service.search import Searcher


def status_routes(searcher: Searcher) -> APIRouter:
    """How the service is."""
    router = APIRouter(tags=["status"])
    engine, began = searcher.engine, time.monotonic()

    def problem() -> SearchIndexError | None:
        return engine.problem

    @router.get("/livez", response_class=Response)
    async def livez() -> Response:
        """200 while the process can answer and its model works; depends on nothing else."""
        if engine.stuck:
            return Response("The model has hung: only a new process can end that.\n", 503, media_type="text/plain")
        return Response("ok\n", media_type="text/plain")

    @router.get("/readyz", response_class=Response)
    async def readyz() -> Response:
        """200 when a search would be answered, else 503 and the reason."""
        reason = problem()
        return Response("ok\n" if reason is None else f"{reason}\n", 200 if reason is None else 503, media_type="text/plain")

    @router.get("/health")
    async def health() -> Health:
        """Always 200; `degraded` says that something is missing."""
        uses_redis = searcher.cache.name == "redis"
        cached = await searcher.cache.ping()
        reasons = [reason.message] if (reason := problem()) else []
        reasons += ["Redis does not answer: answers are not cached."] if uses_redis and not cached else []
        return Health(
            status="degraded" if reasons else "healthy",
            clip_loaded=engine.model_loaded,
            qdrant_connected=engine.store_answers,
            redis_connected=uses_redis and cached,
            device=engine.device,
            reason=" ".join(reasons) or None,
        )

    @router.get("/collection")
    async def collection() -> CollectionAnswer:
        """What can be searched: how many pictures, with which model, by which fields. Open to every key that may search."""
        state = engine.serving().state
        fields = {name: kind.value for name, kind in state.schema.items()}
        return CollectionAnswer(name=state.name, points=state.points, model=engine.parts.card.name, fields=fields)

    @router.get("/stats")
    async def stats() -> Stats:
        """Latencies of the last 10,000 searches, and the collection."""
        state = engine.state
        return Stats(
            uptime_seconds=round(time.monotonic() - began, 3),
            embedding_latency_ms=searcher.latencies.embedding.summary(),
            search_latency_ms=searcher.latencies.search.summary(),
            total_latency_ms=searcher.latencies.total.summary(),
            cache={"kind": searcher.cache.name, "hits": searcher.hits, "misses": searcher.misses},
            collection=None if state is None else _collection(state),
            model=engine.parts.card.name,
        )

    return router


def _collection(state: CollectionState) -> CollectionStats:
    return CollectionStats(name=state.name, vectors_count=state.points, status=state.status, indexed=state.indexed)
