"""HTTP/1.1 on one connection, with an end to patience and to what is not the body: uvicorn waits for ever for a request that comes byte
by byte, and keeps whatever stands before and after a body.

A caller has `PATIENCE` seconds for a whole request, and more only as it really sends (`LEAST_RATE`). Who is slower is answered 408 and
closed, as is who does not read what was asked for. Malformed requests get a problem document like any other error.
"""

import asyncio
import time
from http import HTTPStatus

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from service.errors import problem

PATIENCE = 10.0
LEAST_RATE = 16_000  # bytes a second: below the slowest of mobile networks
UNREAD = 30.0  # seconds that an answer may wait for its reader
AROUND = 64 * 1024  # bytes of a request that are not its body: request line, headers, sizes of chunks, trailers
CHUNK = 8  # more of them for each byte of the body: a chunk of one byte has five, and others around it


class PatientProtocol(HttpToolsProtocol):
    """One timer a connection, which runs while a request is on its way to us and while an answer is stuck.

    Between requests uvicorn's own runs, which any byte stops: then ours begins.
    """

    patience, unread = PATIENCE, UNREAD
    _timer: asyncio.TimerHandle | None = None
    _began = 0.0
    _received = _body = 0  # bytes of the request that is on its way
    _has_head = _is_whole = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]  # uvicorn's narrower annotation of asyncio's method
        self._begin()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._timer is None:
            self._begin()
        self._received += len(data)
        self._unset_keepalive_if_required()
        self._parse(data)
        if self._is_whole:
            self._stop()
        elif self._received - self._body > AROUND + CHUNK * self._body:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"More than {AROUND} bytes of the request are not its body.")

    def _parse(self, data: bytes) -> None:
        while data:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as offer:
                data = self._declined() + data[offer.args[0] :]
            except httptools.HttpParserError:
                self._refuse(HTTPStatus.BAD_REQUEST, "Invalid HTTP request received.")
                return
            else:
                return

    def _declined(self) -> bytes:
        """The head once more, without its offer of another protocol: the parser takes it for accepted, and leaves out the body."""
        kept = [name + b": " + value for name, value in self.headers if name != b"upgrade"]
        line = self.parser.get_method() + b" " + self.url + b" HTTP/" + self.parser.get_http_version().encode()
        self.parser = httptools.HttpRequestParser(self)
        return b"\r\n".join([line, *kept, b"", b""])

    def on_message_begin(self) -> None:
        self._has_head = self._is_whole = False
        self._received = self._body = 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Trailers are left out: an application that has seen the headers does not expect others."""
        if not self._has_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """ValueError, which the parser takes for a malformed request, unless it names its host once (RFC 9112, 3.2), and for a tunnel."""
        if self.parser.get_method() == b"CONNECT":
            raise ValueError("tunnel")
        if self.parser.should_upgrade():
            return
        if self.parser.get_http_version() != "1.0" and sum(name == b"host" for name, _ in self.headers) != 1:
            raise ValueError("host")
        super().on_headers_complete()
        self._has_head = True

    def on_body(self, body: bytes) -> None:
        self._body += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        if not self.parser.should_upgrade():
            self._is_whole = True
            super().on_message_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stop()
        self._timer = self.loop.call_later(self.unread, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop()

    def _begin(self) -> None:
        self._is_whole = False
        self._began, self._received, self._body = time.monotonic(), 0, 0
        self._timer = self.loop.call_later(self.patience, self._look)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        """At the end of patience: has enough come meanwhile?"""
        left = self.patience + self._received / LEAST_RATE - (time.monotonic() - self._began)
        if left > 0:
            self._timer = self.loop.call_later(left, self._look)
        else:
            self._timer = None
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "The request did not arrive in time.")

    def _refuse(self, status: HTTPStatus, detail: str) -> None:
        """Answer the request that is on its way, if no answer to it or to one before has begun, and close. The application learns of it as
        of a caller who left.
        """
        if self.transport.is_closing():
            return
        if self.cycle is None or (not self.cycle.response_started if self._has_head else self.cycle.response_complete):
            self.transport.write(_on_the_wire(status, detail))
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.close()


def _on_the_wire(status: HTTPStatus, detail: str) -> bytes:
    """The last answer of a connection."""
    answer = problem(status, detail, kind=status.phrase.lower().replace(" ", "-"), headers={"connection": "close"})
    fields = b"".join(name + b": " + value + b"\r\n" for name, value in answer.raw_headers)
    return f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() + fields + b"\r\n" + bytes(answer.body)
