"""Refuses callers that ask too often: 429 with `Retry-After` (RFC 6585, 4), and on every answer how much is left.

The fields `RateLimit-Policy` and `RateLimit` are those of draft-ietf-httpapi-ratelimit-headers-10.
"""

import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from observability.meter import NO_METER, Meter
from observability.metrics import RATE_LIMITED
from service.auth import Access, access_of
from service.errors import problem
from service.limits import Limit, Verdict, Window, parse_limit
from service.middleware_peer import Network, client_of


def limits_of(*, search: str | None, pictures: str | None) -> dict[Access, Limit]:
    """From the settings, as `600/minute`; None is no limit. InvalidInput for what is no limit.

    Pictures have their own, as one page of results shows fifty of them. The page's files and the probes never have one.
    """
    found: dict[Access, Limit] = {}
    if search is not None:
        found[Access.SEARCH] = found[Access.ADMIN] = parse_limit(search, name="search")
    if pictures is not None:
        found[Access.PICTURES] = parse_limit(pictures, name="pictures")
    return found


class RateLimits:
    """Counts each caller's requests: by the name of the API key, without one by address (`client_of`).

    Keys of one name share what they may. Stands behind Authentication, which names the key. A path without a limit is not counted.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        limits: Mapping[Access, Limit],
        window: Window,
        trusted: Sequence[Network] = (),
        meter: Meter = NO_METER,
    ) -> None:
        self.app, self.limits, self.window, self.trusted, self.meter = app, limits, window, trusted, meter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        limit = self.limits.get(access_of(scope)) if scope["type"] == "http" else None
        if limit is None:
            await self.app(scope, receive, send)
            return
        verdict = await self.window.hit(limit, self._caller(scope))
        fields = rate_limit_fields(limit, verdict)

        async def send_with_fields(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = [(name.lower().encode(), value.encode()) for name, value in fields.items()]
                message["headers"] = [*message.get("headers", ()), *added]
            await send(message)

        if not verdict.allowed:
            self.meter.add(RATE_LIMITED, limit.name)
        answer = self.app if verdict.allowed else _too_many(verdict)
        await answer(scope, receive, send_with_fields)

    def _caller(self, scope: Scope) -> str:
        """With a word before it, or a key could be named as an address."""
        name = scope.get("state", {}).get("key_name")
        return f"key/{name}" if name else f"peer/{client_of(scope, trusted=self.trusted)}"


def rate_limit_fields(limit: Limit, verdict: Verdict) -> dict[str, str]:
    """Structured Fields (RFC 9651): `q` requests in `w` seconds; `r` are left, and one more is free in `t` seconds."""
    return {
        "RateLimit-Policy": f'"{limit.name}";q={limit.amount};w={limit.seconds}',
        "RateLimit": f'"{limit.name}";r={verdict.remaining};t={_seconds(verdict)}',
    }


def _seconds(verdict: Verdict) -> int:
    """Rounded up, or a caller that waits just so long would be refused once more."""
    return max(1, math.ceil(verdict.reset))


def _too_many(verdict: Verdict) -> ASGIApp:
    wait = _seconds(verdict)
    hint = f"One more is free in {wait} s."
    return problem(HTTPStatus.TOO_MANY_REQUESTS, "Too many requests.", kind="rate-limited", hint=hint, headers={"Retry-After": str(wait)})
