"""`POST /search` and its variants."""

from collections.abc import Sequence

from fastapi import APIRouter, Request, Response

from observability.stages import Stage, StageClock
from service.asked import batch_of, by_picture, search_of, similar_to
from service.explanations import Explanations
from service.multipart import read_picture
from service.observed import asked_for, clock_of
from service.requests import read_model, while_connected
from service.routes import examples
from service.routes.documents import PROBLEMS, answer_of, body_of, form_of
from service.routes.explanations import explained
from service.schemas import BatchAnswer, BatchRequest, ImageRequest, SearchAnswer, SearchRequest, SimilarRequest
from service.search import Answer, Searcher
from service.settings import Settings


def _send(answer: Answer, clock: StageClock) -> Response:
    headers = {"Server-Timing": clock.server_timing(), "X-Cache": "hit" if answer.cached else "miss", "Cache-Control": "no-store"}
    return Response(answer.render(clock), headers=headers, media_type="application/json")


def search_routes(searcher: Searcher, settings: Settings, explanations: Explanations | None) -> APIRouter:
    """Everything that answers with results. `explanations`: None where no language model is set."""
    router = APIRouter(tags=["search"], responses=PROBLEMS)

    @router.post(
        "/search",
        response_model=SearchAnswer,
        openapi_extra=body_of(SearchRequest, examples.SEARCH),
        responses=answer_of(examples.ANSWER, examples.COMPOSED),
    )
    async def search(request: Request) -> Response:
        """The pictures that show what the query says, or come nearest to the weighted terms, best first."""
        clock = clock_of(request)
        with clock.stage(Stage.VALIDATE):
            asked = await read_model(request, SearchRequest)
            wanted = search_of(asked, settings)
        asked_for(request, wanted)
        answer = await while_connected(request, searcher.answer(wanted, clock))
        if explanations is not None and asked.include_explanation:
            answer = await while_connected(request, explained(answer, explanations, clock, wait=asked.explanation_wait_ms / 1000))
        return _send(answer, clock)

    @router.post(
        "/search/similar",
        response_model=SearchAnswer,
        openapi_extra=body_of(SimilarRequest, examples.SIMILAR),
        responses=answer_of(examples.ANSWER),
    )
    async def similar(request: Request) -> Response:
        """The pictures most like one that is in the index."""
        clock = clock_of(request)
        with clock.stage(Stage.VALIDATE):
            wanted = similar_to(await read_model(request, SimilarRequest), settings)
        asked_for(request, wanted)
        return _send(await while_connected(request, searcher.answer(wanted, clock)), clock)

    @router.post(
        "/search/batch",
        response_model=BatchAnswer,
        openapi_extra=body_of(BatchRequest, examples.BATCH),
        responses=answer_of(examples.BATCHED),
    )
    async def batch(request: Request) -> Response:
        """Several searches, answered together: one bad one, and none is searched."""
        clock = clock_of(request)
        with clock.stage(Stage.VALIDATE):
            wanted = batch_of(await read_model(request, BatchRequest), settings)
        asked_for(request, *wanted)
        return _send_all(await while_connected(request, searcher.answers(wanted, clock)), clock)

    if settings.image_queries:

        @router.post(
            "/search/image",
            response_model=SearchAnswer,
            openapi_extra=form_of(ImageRequest),
            responses=answer_of(examples.ANSWER),
        )
        async def by_image(request: Request) -> Response:
            """The pictures most like the one sent; with `terms`, like it and what they say."""
            clock = clock_of(request)
            with clock.stage(Stage.VALIDATE):
                content, fields = await read_picture(request)
                wanted = by_picture(content, ImageRequest.model_validate(fields), settings)
            asked_for(request, wanted)
            return _send(await while_connected(request, searcher.answer(wanted, clock)), clock)

    return router


def _send_all(answers: Sequence[Answer], clock: StageClock) -> Response:
    body = b'{"answers":[' + b",".join(answer.render(clock) for answer in answers) + b"]"
    headers = {"Server-Timing": clock.server_timing(), "Cache-Control": "no-store"}
    tail = f',"latency_ms":{1000 * clock.elapsed():.3f}}}'
    return Response(body + tail.encode(), headers=headers, media_type="application/json")
