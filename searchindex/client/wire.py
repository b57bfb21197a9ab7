"""Our requests and httpx2's: what both clients share of HTTP."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2

from searchindex import __version__
from searchindex.client.errors import ClientError, DeadlineExceeded, Unreachable
from searchindex.client.operations import Call
from searchindex.client.replies import Reply
from searchindex.errors import shorten


def headers_of(api_key: str | None) -> dict[str, str]:
    shown = {"User-Agent": f"searchindex/{__version__}", "Accept": "application/json, application/problem+json, image/*"}
    return shown | ({"X-API-Key": api_key} if api_key else {})


def address_of(address: str) -> str:
    """Without a slash at the end; ClientError for what is no address."""
    if not address.startswith(("http://", "https://")):
        raise ClientError(f'"{shorten(address, 60)}" is no address of a service.', hint="It looks like http://127.0.0.1:8000.")
    return address.rstrip("/")


def arguments_of(call: Call, address: str) -> dict[str, Any]:
    """Keyword arguments of httpx2's `stream`."""
    arguments: dict[str, Any] = {"method": call.method, "url": address + call.path, "params": dict(call.params)}
    if call.body is not None:
        arguments["json"] = call.body
    if call.picture is not None:
        arguments |= {"files": {"file": ("picture", call.picture, "application/octet-stream")}, "data": dict(call.form)}
    return arguments


def reply_of(response: httpx2.Response, content: bytes) -> Reply:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Reply(status=response.status_code, headers=headers, content=content, received=time.time())


def too_late() -> DeadlineExceeded:
    return DeadlineExceeded("There was no answer in time.", hint="Allow more time with deadline=.")


@contextmanager
def translated() -> Iterator[None]:
    """What httpx2 raises, in our words."""
    try:
        yield
    except httpx2.TimeoutException:
        raise too_late() from None
    except httpx2.HTTPError as error:
        raise Unreachable(f"The service cannot be reached: {shorten(str(error) or type(error).__name__)}", hint="Does it run?") from error
