"""From an HTTP answer to a result or an error. Knows of no connection."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, TypeVar

from searchindex.client.errors import BY_STATUS, Problem, UnexpectedAnswer
from searchindex.errors import shorten

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A whole answer. `headers` by lower-case name. `received`: seconds since 1970, for dates in headers."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    received: float

    @property
    def failed(self) -> bool:
        """Also where it points elsewhere: nothing of this interface does."""
        return self.status >= HTTPStatus.MULTIPLE_CHOICES


def read_json(read: Callable[[Mapping[str, Any]], T]) -> Callable[[Reply], T]:
    """`read` of the JSON object; UnexpectedAnswer where there is none, or members are missing."""

    def of(reply: Reply) -> T:
        try:
            return read(json.loads(reply.content))
        except (ValueError, KeyError, TypeError, AttributeError):
            said = shorten(reply.content[:120].decode("utf-8", "replace"), 120)
            raise UnexpectedAnswer(f"The answer is not understood: {said}", hint="Is that the address of a searchindex service?") from None

    return of


def read_bytes(reply: Reply) -> bytes:
    return reply.content


def problem_of(reply: Reply) -> Problem:
    """The error that an answer is: of RFC 9457, or of whatever stands between us and the service."""
    found = _document(reply)
    kind = str(found.get("type", "")).rpartition("#")[2] or "http"
    return BY_STATUS.get(reply.status, Problem)(
        shorten(str(found.get("detail") or f"The service answered with status {reply.status}."), 500),
        status=reply.status,
        kind=shorten(kind, 60),
        hint=shorten(str(found.get("hint") or ""), 500),
        request_id=reply.headers.get("x-request-id"),
        retry_after=_retry_after(reply),
    )


def _document(reply: Reply) -> Mapping[str, Any]:
    try:
        found = json.loads(reply.content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _retry_after(reply: Reply) -> float | None:
    """Seconds, or a date (RFC 9110, 10.2.3)."""
    said = reply.headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit():
        return float(said[:9])
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - reply.received)
    except (ValueError, TypeError, OverflowError):
        return None
