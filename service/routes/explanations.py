"""`GET /explanations/{id}`: what a language model says about the results of a search, once it has said it."""

from dataclasses import replace
from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Query, Request, Response

from observability.stages import Stage, StageClock
from searchindex.errors import NotFound
from service.explanations import Explanation, Explanations
from service.requests import read_body, while_connected
from service.routes.documents import PROBLEMS
from service.schemas import ExplainedBy, ExplanationAnswer
from service.search import Answer
from service.strict_json import BODY_LIMIT

Id = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{22}$", description="The end of an answer's `explanation_url`.")]
Wait = Annotated[float, Query(ge=0, le=30, description="Seconds to wait for it.")]


async def explained(answer: Answer, explanations: Explanations, clock: StageClock, *, wait: float) -> Answer:
    """The answer with its explanation, where that is known within `wait` seconds, and with the address where it will be."""
    with clock.stage(Stage.EXPLAIN):
        found = await explanations.of(answer.document())
        if found is None:
            return answer
        found = (wait and await explanations.wait(found.id, wait)) or found
    return replace(answer, explanation=found.text, explanation_url=f"/explanations/{found.id}")


def explanation_routes(explanations: Explanations | None) -> APIRouter:
    """None where no language model is set."""
    router = APIRouter(tags=["explanations"], responses=PROBLEMS)

    @router.get("/explanations")
    async def explained_by(response: Response) -> ExplainedBy:
        """Which language model explains results; null where none does."""
        response.headers["Cache-Control"] = "no-store"
        return ExplainedBy(model=explanations.model if explanations else None)

    @router.get("/explanations/{id}", response_model=ExplanationAnswer)
    async def explanation(request: Request, id: Id, wait: Wait = 0) -> Response:
        """As it is once it is no longer pending, or at the end of `wait`."""
        await read_body(request, limit=BODY_LIMIT)  # mostly empty; what follows it is the caller's leaving
        found = await while_connected(request, explanations.wait(id, wait)) if explanations else None
        if found is None:
            raise NotFound("There is no such explanation, or no longer.", hint="Search again with `include_explanation`.")
        return _send(found)

    return router


def _send(found: Explanation) -> Response:
    body = {"status": found.status, "explanation": found.text, "model": found.model}
    return Response(orjson.dumps(body), headers={"Cache-Control": "no-store"}, media_type="application/json")
