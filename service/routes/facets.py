"""`GET /facets`, and `POST /facets` for counts among the pictures that filters leave."""

from collections.abc import Mapping
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request, Response

from searchindex.collection import FieldType
from searchindex.errors import InvalidInput, shorten
from searchindex.filters import parse_filter
from service.engine import Engine
from service.requests import read_model
from service.routes import examples
from service.routes.documents import PROBLEMS, answer_of, body_of
from service.schemas import Facets, FacetsRequest


def facet_routes(engine: Engine) -> APIRouter:
    """Counts of values."""
    router = APIRouter(tags=["search"], responses=PROBLEMS)

    async def count(field: str, limit: int, filters: dict[str, Any] | None) -> Response:
        serving = engine.serving()
        schema = serving.state.schema
        _require_keyword(field, schema)
        counts = await serving.store.facet(field, limit=limit, filter=parse_filter(filters, schema))
        return Response(orjson.dumps({"field": field, "counts": counts}), media_type="application/json")

    @router.get("/facets", response_model=Facets, responses=answer_of(examples.COUNTS))
    async def facets(field: str = "category", limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> Response:
        """How many pictures have each value of a keyword field, most frequent first."""
        return await count(field, limit, None)

    @router.post(
        "/facets", response_model=Facets, openapi_extra=body_of(FacetsRequest, examples.FACETS), responses=answer_of(examples.COUNTS)
    )
    async def filtered(request: Request) -> Response:
        """The same among the pictures that the filters of a search leave."""
        wanted = await read_model(request, FacetsRequest)
        return await count(wanted.field, wanted.limit, wanted.filters)

    return router


def _require_keyword(field: str, schema: Mapping[str, FieldType]) -> None:
    if schema.get(field) is not FieldType.KEYWORD:
        known = ", ".join(sorted(name for name, kind in schema.items() if kind is FieldType.KEYWORD))
        raise InvalidInput(f'The field "{shorten(field, 60)}" has no facets.', hint=f"Fields that have: {known}.")
