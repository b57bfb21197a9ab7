"""HTTP/1.1 on one connection, with an end to patience: uvicorn waits for ever for a request that comes byte by byte.

A caller has `PATIENCE` seconds for a whole request, and more only as it really sends (`LEAST_RATE`). Who is slower is answered 408 and
closed, as is who does not read what was asked for. Malformed requests get a problem document like any other error.
"""

import asyncio
import time
from http import HTTPStatus

import h11
import orjson
from uvicorn.protocols.http.h11_impl import H11Protocol

PATIENCE = 10.0
LEAST_RATE = 16_000  # bytes a second: below the slowest of mobile networks
UNREAD = 30.0  # seconds that an answer may wait for its reader

_COMPLETE = (h11.DONE, h11.MUST_CLOSE, h11.CLOSED, h11.ERROR)


class PatientProtocol(H11Protocol):
    """One timer a connection, which runs while a request is on its way to us and while an answer is stuck.

    Between requests uvicorn's own runs, which any byte stops: then ours begins.
    """

    patience, unread = PATIENCE, UNREAD
    _timer: asyncio.TimerHandle | None = None
    _began = 0.0
    _received = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]  # uvicorn's narrower annotation of asyncio's method
        self._begin()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._timer is None:
            self._begin()
        self._received += len(data)
        super().data_received(data)
        if self._is_whole():
            self._stop()

    def send_400_response(self, msg: str) -> None:
        """Of what is no HTTP/1.1. Nothing is repeated of what was sent."""
        self._refuse(HTTPStatus.BAD_REQUEST, msg)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stop()
        self._timer = self.loop.call_later(self.unread, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop()

    def _is_whole(self) -> bool:
        """Whether nothing more is awaited: the request is complete, or there is none begun."""
        nothing_begun = self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0]
        return nothing_begun or self.conn.their_state in _COMPLETE

    def _begin(self) -> None:
        self._began, self._received = time.monotonic(), 0
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
        """Answer, if nothing has been, and close. The application learns of it as of a caller who left."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            kind = status.phrase.lower().replace(" ", "-")
            document = {"type": f"/docs/problems#{kind}", "title": status.phrase, "status": status.value, "detail": detail}
            body = orjson.dumps(document)
            headers = [("content-type", "application/problem+json"), ("content-length", str(len(body))), ("connection", "close")]
            response = h11.Response(status_code=status, headers=headers, reason=status.phrase)
            for event in (response, h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.close()
