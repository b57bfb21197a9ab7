"""Who may ask what: API keys in front of every route but the page and the probes (RFC 6750, RFC 9110 section 11).

A key comes as `Authorization: Bearer KEY` or `X-API-Key: KEY`. The page's `<img>` can send neither, so pictures, and pictures alone,
also open by the cookie `searchindex-key`, which `POST /session` hands to a browser that has shown its key in a header. Why so little:
a browser sends cookies by itself, also when another site asks it to; a picture that is fetched changes nothing and cannot be read from
elsewhere, while a search would cost. So no request that another site can provoke runs a search, and there is no forgery to guard from.
"""

from enum import Enum
from http import HTTPStatus

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from service.errors import problem
from service.key_file import ApiKeys, KeyScope

COOKIE = "searchindex-key"
PAGE_AND_PROBES = frozenset({"/", "/livez", "/readyz", "/health"})
PICTURES = ("/thumbnails/", "/images/")
SEARCHES = frozenset({"/search", "/collection", "/facets", "/explanations", "/session", "/openapi.json"})
BELOW_SEARCHES = ("/search/", "/explanations/")
CHALLENGE = 'Bearer realm="searchindex"'
POLICY_VIOLATION = 1008  # RFC 6455, 7.4.1


class Access(Enum):
    """What a path asks of its caller."""

    OPEN = "open"
    PICTURES = "pictures"
    SEARCH = "search"
    ADMIN = "admin"

    @property
    def needs(self) -> KeyScope:
        """The scope of the key, where there is need of one."""
        return KeyScope.ADMIN if self is Access.ADMIN else KeyScope.SEARCH


def access_of(scope: Scope) -> Access:
    """Of a request. A path that is not listed here needs `admin`: a new route is closed until someone decides."""
    path, root = str(scope["path"]), str(scope.get("root_path", ""))
    if root and path.startswith(f"{root}/"):  # as the router sees it, or a prefix could make a route look like another
        path = path[len(root) :]
    if path in PAGE_AND_PROBES or path.startswith("/web/"):
        return Access.OPEN
    if path.startswith(PICTURES):
        return Access.PICTURES
    return Access.SEARCH if path in SEARCHES or path.startswith(BELOW_SEARCHES) else Access.ADMIN


def keys_in(scope: Scope) -> set[bytes]:
    """The keys that a request shows. The cookie counts for GET and HEAD of pictures, where no header has a key."""
    shown = set()
    for name, value in scope["headers"]:
        kind, _, rest = value.partition(b" ")
        if name == b"x-api-key" and value:
            shown.add(value.strip())
        elif name == b"authorization" and kind.lower() == b"bearer":  # `Basic` may be that of a proxy in front
            shown.add(rest.strip())
    if not shown and scope["method"] in {"GET", "HEAD"} and access_of(scope) is Access.PICTURES:
        shown = _cookies(scope)
    return shown


def _cookies(scope: Scope) -> set[bytes]:
    pairs = (part.strip().partition(b"=") for name, value in scope["headers"] if name == b"cookie" for part in value.split(b";"))
    return {value for name, _, value in pairs if name == COOKIE.encode() and value}


class Authentication:
    """Lets through who may; 401 or 403 for others. The name of the key is in `scope["state"]["key_name"]` behind it.

    Without `keys` the service is open, as on a laptop.
    """

    def __init__(self, app: ASGIApp, *, keys: ApiKeys | None) -> None:
        self.app, self.keys = app, keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.keys is None or scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] != "http":  # there is no such route; one that comes is closed until someone decides
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
        else:
            await (self._refusal(scope, self.keys) or self.app)(scope, receive, send)

    def _refusal(self, scope: Scope, keys: ApiKeys) -> Response | None:
        access = access_of(scope)
        if access is Access.OPEN:
            return None
        shown = keys_in(scope)
        # Two different keys in one request are refused (RFC 6750, 2), or a proxy and the service might each believe another.
        entry = keys.find(next(iter(shown))) if len(shown) == 1 else None
        if entry is None:
            return _unauthorized(wrong=bool(shown))
        scope.setdefault("state", {})["key_name"] = entry.name
        return None if entry.may(access.needs) else _forbidden(access.needs)


def _unauthorized(*, wrong: bool) -> Response:
    challenge = f'{CHALLENGE}, error="invalid_token"' if wrong else CHALLENGE
    detail = "That API key is not valid here." if wrong else "This needs an API key."
    hint = "Send it as `Authorization: Bearer KEY`, or as `X-API-Key`."
    return problem(HTTPStatus.UNAUTHORIZED, detail, kind="unauthorized", hint=hint, headers={"WWW-Authenticate": challenge})


def _forbidden(needs: KeyScope) -> Response:
    challenge = f'{CHALLENGE}, error="insufficient_scope", scope="{needs}"'
    detail = f"That API key does not have the scope `{needs}`."
    return problem(HTTPStatus.FORBIDDEN, detail, kind="forbidden", headers={"WWW-Authenticate": challenge})


def session_routes() -> APIRouter:
    """`POST /session` and `DELETE /session`, for the page."""
    router = APIRouter(tags=["session"])

    def cookie(request: Request, value: bytes, attributes: str = "") -> Response:
        # The scheme that a proxy in front was asked by; who makes it up spoils but his own cookie.
        secure = "https" in {request.url.scheme, request.headers.get("x-forwarded-proto")}
        text = f"{COOKIE}={value.decode('ascii')}; Path=/; HttpOnly; SameSite=Strict{'; Secure' if secure else ''}{attributes}"
        return Response(status_code=HTTPStatus.NO_CONTENT, headers={"Set-Cookie": text, "Cache-Control": "no-store"})

    @router.post("/session", status_code=204, response_class=Response)
    async def begin(request: Request) -> Response:
        """Keeps the key of this request in the browser until it is closed, where no script can read it; it opens pictures alone."""
        if "key_name" not in request.scope.get("state", {}):  # an open service needs none
            return Response(status_code=HTTPStatus.NO_CONTENT)
        return cookie(request, keys_in(request.scope).pop())

    @router.delete("/session", status_code=204, response_class=Response)
    async def end(request: Request) -> Response:
        """Takes the key from the browser."""
        return cookie(request, b"", "; Max-Age=0")

    return router
