"""Reading a request's body: bounded, strict, and given up when the caller is gone."""

import asyncio
import re
from collections.abc import Awaitable
from contextlib import suppress
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from service.strict_json import BODY_LIMIT, read_object

Model = TypeVar("Model", bound=BaseModel)
Result = TypeVar("Result")
CLIENT_CLOSED_REQUEST = 499
DECIMAL = re.compile("[0-9]{1,19}")


async def read_body(request: Request, *, limit: int) -> bytes:
    """The body, of at most `limit` bytes; more is answered 413 without being read."""
    declared = request.headers.get("content-length", "")
    too_large = HTTPException(413, f"The body is larger than {limit} bytes.")
    if DECIMAL.fullmatch(declared) and int(declared) > limit:
        raise too_large
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                raise too_large
    except ClientDisconnect:
        raise HTTPException(CLIENT_CLOSED_REQUEST, "The caller closed the connection.") from None
    return bytes(body)


async def read_model(request: Request, model: type[Model]) -> Model:
    """The body as `model`, by strict JSON."""
    return model.model_validate(read_object(await read_body(request, limit=BODY_LIMIT)))


async def while_connected(request: Request, work: Awaitable[Result]) -> Result:
    """The result of `work`, which is cancelled when the caller closes the connection: a superseded query is not encoded.

    The body must have been read: after it, the next message of an ASGI server is the disconnect.
    """
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(request.receive())
    try:
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise HTTPException(CLIENT_CLOSED_REQUEST, "The caller closed the connection.")
        return task.result()
    finally:
        for each in (task, gone):
            each.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await task
