"""`GET /thumbnails/{key}` and `GET /images/{key}`, with entity tags."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from searchindex.errors import InvalidInput
from service.pictures import SIZES, Picture, Pictures
from service.routes.documents import PROBLEMS
from service.search import parse_key

Key = Annotated[str, Path(pattern=r"^[0-9]{1,19}$", description="A result's `key`.")]
SAFE = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'"}


def _send(request: Request, picture: Picture) -> Response:
    """304 where the caller has this very picture already (RFC 9110, 13.1.2)."""
    headers = {"ETag": picture.etag, "Cache-Control": "private, max-age=3600", **SAFE}
    offered = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if picture.etag in offered or "*" in offered:
        return Response(status_code=304, headers=headers)
    return Response(picture.content, headers=headers, media_type=picture.media_type)


def picture_routes(pictures: Pictures) -> APIRouter:
    """Pictures of results, by key."""
    router = APIRouter(tags=["pictures"], responses={304: {"description": "The caller has it already."}, **PROBLEMS})

    @router.get("/thumbnails/{key}", response_class=Response)
    async def thumbnail(request: Request, key: Key, size: int = 256) -> Response:
        """The picture as WebP that fits in a square of `size` pixels."""
        if size not in SIZES:
            raise InvalidInput("There is no thumbnail of that size.", hint=f"Sizes: {', '.join(map(str, SIZES))}.")
        return _send(request, await pictures.thumbnail(parse_key(key), size=size))

    @router.get("/images/{key}", response_class=Response)
    async def image(request: Request, key: Key) -> Response:
        """The picture as it is on disk."""
        return _send(request, await pictures.original(parse_key(key)))

    return router
