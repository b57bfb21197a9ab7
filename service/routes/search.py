"""`POST /search` and its variants, and facets."""

from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from observability.stages import Stage, StageClock
from searchindex.errors import InvalidInput, shorten
from service.multipart import read_picture
from service.requests import read_model, while_connected
from service.schemas import Facets, Problem, SearchAnswer, SearchRequest, SimilarRequest
from service.search import Answer, Ask, Searcher
from service.settings import Settings

PROBLEMS: dict[int | str, dict[str, Any]] = {
    code: {"model": Problem, "content": {"application/problem+json": {}}}
    for code in (400, 401, 403, 404, 413, 415, 422, 429, 499, 500, 503)
}


def _body(model: type[SearchRequest | SimilarRequest]) -> dict[str, Any]:
    """OpenAPI for a body that is read by hand, for strictness."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": model.model_json_schema()}}}}


def _send(answer: Answer, clock: StageClock) -> Response:
    headers = {"Server-Timing": clock.server_timing(), "X-Cache": "hit" if answer.cached else "miss", "Cache-Control": "no-store"}
    return Response(answer.render(clock), headers=headers, media_type="application/json")


def search_routes(searcher: Searcher, settings: Settings) -> APIRouter:
    """Everything that answers with results."""
    router = APIRouter(tags=["search"], responses=PROBLEMS)

    def ask_of(request: SearchRequest | SimilarRequest) -> Ask:
        threshold = settings.search_score_threshold if request.score_threshold is None else float(request.score_threshold)
        return Ask(
            top_k=request.top_k or settings.search_top_k,
            offset=request.offset,
            score_threshold=threshold,
            filters=request.filters,
        )

    @router.post("/search", response_model=SearchAnswer, openapi_extra=_body(SearchRequest))
    async def search(request: Request) -> Response:
        """The pictures that show what the query says, best first."""
        clock = StageClock()
        with clock.stage(Stage.VALIDATE):
            wanted = await read_model(request, SearchRequest)
        return _send(await while_connected(request, searcher.by_text(wanted.query, ask_of(wanted), clock)), clock)

    @router.post("/search/similar", response_model=SearchAnswer, openapi_extra=_body(SimilarRequest))
    async def similar(request: Request) -> Response:
        """The pictures most like one that is in the index."""
        clock = StageClock()
        with clock.stage(Stage.VALIDATE):
            wanted = await read_model(request, SimilarRequest)
        return _send(await while_connected(request, searcher.by_key(wanted.key, ask_of(wanted), clock)), clock)

    if settings.image_queries:

        @router.post("/search/image", response_model=SearchAnswer)
        async def by_image(request: Request) -> Response:
            """The pictures most like the one sent: multipart, part `file`, and the other members of a search as fields."""
            clock = StageClock()
            with clock.stage(Stage.VALIDATE):
                content, fields = await read_picture(request)
                wanted = SearchRequest.model_validate({"query": "picture", **fields})
            return _send(await while_connected(request, searcher.by_image(content, ask_of(wanted), clock)), clock)

    @router.get("/facets", response_model=Facets)
    async def facets(field: str = "category", limit: int = 100) -> Response:
        """How many pictures have each value of a keyword field, most frequent first."""
        state = searcher.engine.serving()
        if state.schema.get(field) != "keyword":
            known = ", ".join(sorted(name for name, kind in state.schema.items() if kind == "keyword"))
            raise InvalidInput(f'The field "{shorten(field, 60)}" has no facets.', hint=f"Fields that have: {known}.")
        counts = await searcher.engine.parts.store.facet(field, limit=max(1, min(limit, 1000)))
        return Response(orjson.dumps({"field": field, "counts": counts}), media_type="application/json")

    return router
