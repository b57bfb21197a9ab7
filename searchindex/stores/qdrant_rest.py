"""A Qdrant server's REST API, for programs that manage collections and hold no vectors: no client library, no numpy.

It sends requests and says what went wrong; what to ask for is its callers' matter. Paths and bodies: Qdrant's OpenAPI, version 1.16.
"""

import asyncio
import json
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from types import TracebackType
from typing import Any, Protocol, Self

import aiohttp

from searchindex.errors import StoreUnavailable, shorten

ANSWER_LIMIT = 16 << 20  # bytes; the names of a hundred thousand collections take a tenth
CONNECTIONS = 64  # a request that waits for one of them would seem to be a server that does not answer
PLAIN = {"Accept-Encoding": "identity"}  # the answers are small, and unpacking one takes as long as reading it
UNKNOWN_NAME = {socket.EAI_NONAME, socket.EAI_NODATA}


class Trouble(StrEnum):
    """What kind of failure it was."""

    UNKNOWN_HOST = "unknown-host"
    UNREACHABLE = "unreachable"
    UNAUTHORIZED = "unauthorized"
    REFUSED = "refused"


class QdrantTrouble(StoreUnavailable):
    """`status` is the HTTP status, 0 where there was no answer."""

    def __init__(self, message: str, *, trouble: Trouble, status: int = 0, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.trouble, self.status = trouble, status


@dataclass(frozen=True, slots=True)
class Access:
    """What a request carries. `tls`: the context to verify with; None means plain HTTP."""

    api_key: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = None


class Credentials(Protocol):
    """Where the key lies; it may change while the program runs."""

    async def current(self) -> Access: ...

    async def renewed(self) -> Access:
        """Read again: the server refused what was current."""
        ...


class Fixed:
    """Credentials that never change."""

    def __init__(self, access: Access | None = None) -> None:
        self._access = access or Access()

    async def current(self) -> Access:
        return self._access

    async def renewed(self) -> Access:
        return self._access


class QdrantRest:
    """One server. `timeout` in seconds: to connect, and to answer a read."""

    def __init__(self, host: str, port: int, *, credentials: Credentials | None = None, timeout: float = 5.0) -> None:
        self.server = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self._credentials = credentials or Fixed()
        self._timeout = timeout
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    async def request(self, method: str, path: str, body: Mapping[str, Any] | None = None, *, timeout: float | None = None) -> Any:  # noqa: ASYNC109  # the server's time, as a socket's
        """The answer's `result`; None for a 404. QdrantTrouble else."""
        access = await self._credentials.current()
        try:
            return await self._send(method, path, body, access, timeout)
        except QdrantTrouble as error:
            if error.trouble is not Trouble.UNAUTHORIZED or (fresh := await self._credentials.renewed()) == access:
                raise
            return await self._send(method, path, body, fresh, timeout)

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _send(self, method: str, path: str, body: Mapping[str, Any] | None, access: Access, timeout: float | None) -> Any:  # noqa: ASYNC109  # as above
        allowed = aiohttp.ClientTimeout(total=timeout or self._timeout, sock_connect=self._timeout)
        url = f"{'https' if access.tls else 'http'}://{self.server}{path}"
        headers = {"api-key": access.api_key} if access.api_key else None
        try:
            async with self._open().request(
                method, url, json=body, headers=headers, timeout=allowed, ssl=access.tls or True, allow_redirects=False
            ) as response:
                return self._result(response.status, await _read(response))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._trouble(error) from error

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            # threads resolve names as the rest of the system does, and say whether a name is unknown
            connector = aiohttp.TCPConnector(limit=CONNECTIONS, resolver=aiohttp.ThreadedResolver(), ttl_dns_cache=10)
            self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False, headers=PLAIN)
        return self._session

    def _result(self, status: int, answer: bytes) -> Any:
        said = _json(answer)
        if status == HTTPStatus.OK and "result" in said:
            return said["result"]
        if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            raise self._say("refuses the API key.", Trouble.UNAUTHORIZED, status)
        reason = _reason(said)
        if status == HTTPStatus.NOT_FOUND and reason:
            return None
        if not reason:  # not echoed: it could be anybody's
            unavailable = status in {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}
            trouble = Trouble.UNREACHABLE if unavailable else Trouble.REFUSED
            raise self._say(f"answers {status}, not as a Qdrant server does.", trouble, status)
        raise self._say(f"refuses: {shorten(reason)}", Trouble.REFUSED, status)

    def _trouble(self, error: Exception) -> QdrantTrouble:
        if isinstance(error, aiohttp.ClientConnectorDNSError) and error.os_error.errno in UNKNOWN_NAME:
            return self._say("has a name that does not exist.", Trouble.UNKNOWN_HOST)
        if isinstance(error, TimeoutError | asyncio.TimeoutError):
            return self._say("did not answer in time.", Trouble.UNREACHABLE)
        return self._say(f"cannot be reached: {shorten(_cause(error))}", Trouble.UNREACHABLE)

    def _say(self, words: str, trouble: Trouble, status: int = 0) -> QdrantTrouble:
        return QdrantTrouble(f"Qdrant at {shorten(self.server, 100)} {words}", trouble=trouble, status=status)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    answer = bytearray()
    async for part in response.content.iter_any():
        answer += part
        if len(answer) > ANSWER_LIMIT:
            raise aiohttp.ClientPayloadError("the answer is too long")
    return bytes(answer)


def _json(answer: bytes) -> dict[str, Any]:
    try:
        said = json.loads(answer)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _reason(said: dict[str, Any]) -> str:
    status = said.get("status")
    reason = status.get("error") if isinstance(status, dict) else None
    return reason if isinstance(reason, str) else ""


def _cause(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"its certificate is not trusted ({error.certificate_error})"
    if isinstance(error, aiohttp.ClientConnectorError):
        return error.strerror or type(error.os_error).__name__
    return str(error) or type(error).__name__
