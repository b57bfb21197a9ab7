"""One name for each request, in its answer, in its logs, and in what it asks of others."""

import logging
import re
import secrets
from contextvars import ContextVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send

ACCEPTED = re.compile(rb"[A-Za-z0-9_-]{1,64}")
HEADER = b"x-request-id"

_current: ContextVar[str] = ContextVar("request_id", default="-")


def request_id() -> str:
    """Of the request that is being answered here, `-` outside of one. Tasks that a request starts see it too."""
    return _current.get()


class WithRequestId(logging.Filter):
    """Gives every record `request_id`. Belongs on a handler: a logger's filters do not see what its children log."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id()
        return True


class RequestIds:
    """Takes the caller's `X-Request-ID` if it is harmless, else makes one; 128 random bits in hexadecimal.

    Harmless is `[A-Za-z0-9_-]{1,64}`, sent once: it goes into logs and into answers, so it may hold nothing that ends a line, a
    header or a quoted string. It is in `scope["state"]["request_id"]` too. Outermost of all, so that every answer carries it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        name = _accepted(scope) or secrets.token_hex(16)

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (HEADER, name.encode())]
            await send(message)

        scope.setdefault("state", {})["request_id"] = name
        token = _current.set(name)
        try:
            await self.app(scope, receive, send_named)
        finally:
            _current.reset(token)


def _accepted(scope: Scope) -> str | None:
    sent = [value for name, value in scope["headers"] if name == HEADER]
    return sent[0].decode("ascii") if len(sent) == 1 and ACCEPTED.fullmatch(sent[0]) else None
