"""One picture and a few fields from a multipart form, within bounds."""

from collections.abc import Callable
from typing import Any

import orjson
from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException

from searchindex.errors import InvalidInput
from searchindex.images import ImageLimits
from service.requests import read_body

FIELDS: dict[str, Callable[[str], Any]] = {
    "top_k": int,
    "offset": int,
    "score_threshold": float,
    "filters": orjson.loads,
    "group_duplicates": orjson.loads,
    "terms": orjson.loads,
    "weight": float,
}
OVERHEAD = 16 * 1024


async def read_picture(request: Request) -> tuple[bytes, dict[str, Any]]:
    """The bytes of the part `file`, and the other fields by name. InvalidInput on anything else."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise HTTPException(415, "Send the picture as multipart/form-data, in a part named file.")
    body = await read_body(request, limit=ImageLimits().content + OVERHEAD)
    try:
        content, fields = await _parse(request, body)
    except (MultiPartException, HTTPException, ValueError, KeyError):
        raise InvalidInput("The form cannot be read.", hint="Send multipart/form-data with a part named file.") from None
    if content is None:
        raise InvalidInput("There is no picture in the form.", hint="Send it as a part named file.")
    return content, {name: _field(name, value) for name, value in fields.items()}


async def _parse(request: Request, body: bytes) -> tuple[bytes | None, dict[str, Any]]:
    """Starlette's parser over a body that is in memory already, and so is bounded: the picture, if any, and the other fields."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async with Request(request.scope, receive).form(max_files=1, max_fields=8) as form:
        fields = dict(form.multi_items())
        picture = fields.pop("file", None)
        return (await picture.read() if isinstance(picture, UploadFile) else None), fields


def _field(name: str, value: object) -> Any:
    read = FIELDS.get(name)
    if read is None:
        raise InvalidInput("The form has a field that a search does not know.", hint=f"Known fields: file, {', '.join(FIELDS)}.")
    try:
        return read(str(value))
    except ValueError:
        raise InvalidInput(f'The field "{name}" cannot be read.') from None
