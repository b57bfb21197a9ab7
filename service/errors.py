"""The one table from what went wrong to an HTTP answer: RFC 9457 `application/problem+json`, never echoing input at length."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from searchindex import errors
from searchindex.errors import SearchIndexError, shorten
from service.observed import went_wrong
from service.requests import CLIENT_CLOSED_REQUEST

log = logging.getLogger(__name__)

STATUS: tuple[tuple[type[SearchIndexError], HTTPStatus], ...] = (
    (errors.InvalidInput, HTTPStatus.UNPROCESSABLE_ENTITY),
    (errors.NoCollection, HTTPStatus.SERVICE_UNAVAILABLE),
    (errors.NotFound, HTTPStatus.NOT_FOUND),
    (errors.Overloaded, HTTPStatus.SERVICE_UNAVAILABLE),
    (errors.ModelUnavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (errors.StoreUnavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (errors.CollectionMismatch, HTTPStatus.SERVICE_UNAVAILABLE),
)


def problem(status: HTTPStatus, detail: str, *, kind: str, hint: str = "", headers: dict[str, str] | None = None) -> Response:
    """A problem document. `kind` is a stable word: the end of `type`, which is a relative reference into the documentation."""
    document = {"type": f"/docs/problems#{kind}", "title": status.phrase, "status": status.value, "detail": detail}
    body = orjson.dumps(document | ({"hint": hint} if hint else {}))
    return Response(body, status, headers, media_type="application/problem+json")


def kind_of(error: Exception) -> str:
    """`InvalidFilter` -> `invalid-filter`."""
    name = type(error).__name__
    return "".join(f"-{char.lower()}" if char.isupper() else char for char in name).lstrip("-")


def status_of(error: SearchIndexError) -> HTTPStatus:
    return next((status for kind, status in STATUS if isinstance(error, kind)), HTTPStatus.INTERNAL_SERVER_ERROR)


def describe(error: ValidationError | RequestValidationError) -> str:
    """What is wrong, by field, in words; never the value."""
    faults = [": ".join(filter(None, (_place(fault["loc"]), fault["msg"]))) for fault in error.errors()[:5]]
    return shorten("; ".join(faults), 500)


def _place(location: Sequence[int | str]) -> str:
    """Empty where the body as a whole is meant."""
    return ".".join(shorten(str(part), 60) for part in location)


async def _ours(request: Request, error: Exception) -> Response:
    if not isinstance(error, SearchIndexError):  # pragma: no cover  # registered for these alone
        raise error
    went_wrong(request, kind_of(error))
    retry = {"Retry-After": str(getattr(error, "retry_after", 1))}
    status = status_of(error)
    headers = retry if status is HTTPStatus.SERVICE_UNAVAILABLE else None
    return problem(status, error.message, kind=kind_of(error), hint=error.hint, headers=headers)


async def _invalid(_request: Request, error: Exception) -> Response:
    if not isinstance(error, ValidationError | RequestValidationError):  # pragma: no cover  # registered for these alone
        raise error
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, describe(error), kind="invalid-input")


async def _http(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):  # pragma: no cover  # registered for these alone
        raise error
    if error.status_code == CLIENT_CLOSED_REQUEST:
        return Response(status_code=CLIENT_CLOSED_REQUEST)  # which nobody reads, and which the standard library does not know
    status = HTTPStatus(error.status_code)
    return problem(status, shorten(str(error.detail)), kind="http", headers=dict(error.headers or {}))


async def _unexpected(request: Request, error: Exception) -> Response:
    """The text of an unforeseen error stays in the log: it may hold what the caller must not see."""
    log.error("unexpected error at %s", shorten(request.url.path), exc_info=error)
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong here.", kind="internal", hint="It is in the service's log.")


def install(app: FastAPI) -> None:
    """Register the handlers."""
    handlers: dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
        SearchIndexError: _ours,
        ValidationError: _invalid,
        RequestValidationError: _invalid,
        HTTPException: _http,
        Exception: _unexpected,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)
