"""`GET /metrics`, for Prometheus."""

from collections.abc import Callable
from http import HTTPStatus

from fastapi import APIRouter, Request, Response

from service.errors import problem

Exposition = Callable[[str], tuple[bytes, str]]  # of an Accept header: the document and its media type


def metrics_routes(exposition: Exposition | None) -> APIRouter:
    """`exposition` is None where the package that makes it is not installed."""
    router = APIRouter(tags=["status"])

    @router.get("/metrics", response_class=Response)
    async def metrics(request: Request) -> Response:
        """All metrics, as text or as OpenMetrics with exemplars, as `Accept` says. Needs the scope `admin` where keys are asked for."""
        if exposition is None:
            hint = "pip install 'searchindex[observability]'"
            return problem(HTTPStatus.NOT_FOUND, "The package prometheus-client is not installed.", kind="not-installed", hint=hint)
        content, media_type = exposition(request.headers.get("accept", ""))
        return Response(content, headers={"Content-Type": media_type, "Cache-Control": "no-store"})

    return router
