"""Progress over HTTP: `GET /progress` as JSON, and `GET /metrics` for Prometheus where there is something to show them.

So a controller reads it from the pod's address, and the pod needs no right on the cluster. One thread, one request at a time,
each of at most `TIMEOUT` seconds: a spectator can delay others, never the run.
"""

import http.server
import socket
import threading
from collections.abc import Callable
from http import HTTPStatus
from types import TracebackType
from typing import Self

import orjson

from jobs.progress import Progress

TIMEOUT = 2.0
POLL = 0.1  # seconds until the thread notices that it is to end
JSON = "application/json"

Answer = tuple[bytes, str]  # body and its media type
Exposition = Callable[[str], Answer]  # in the format that an `Accept` header asks for


class ProgressServer:
    """A sink whose last report can be fetched. `port` 0 takes a free one; OSError where it cannot be had."""

    def __init__(self, port: int, *, metrics: Exposition | None = None) -> None:
        self._latest: Progress | None = None
        answers: dict[str, Callable[[str], Answer | None]] = {"/progress": self._progress}
        self._server = _listening(port, answers if metrics is None else {**answers, "/metrics": metrics})
        self._thread = threading.Thread(target=self._server.serve_forever, args=(POLL,), name="progress", daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def publish(self, progress: Progress) -> None:
        self._latest = progress

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _progress(self, _accept: str) -> Answer | None:
        return None if self._latest is None else (orjson.dumps(self._latest.as_json()), JSON)


class _Server(http.server.HTTPServer):
    allow_reuse_address = True
    request_queue_size = 16


class _DualServer(_Server):
    address_family = socket.AF_INET6

    def server_bind(self) -> None:
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()


def _listening(port: int, answers: dict[str, Callable[[str], Answer | None]]) -> _Server:
    """On all addresses, of both families where the machine has both."""

    class Handler(http.server.BaseHTTPRequestHandler):
        timeout = TIMEOUT
        server_version, sys_version = "searchindex", ""

        def do_GET(self) -> None:
            found = answers[self.path](self.headers.get("Accept", "")) if self.path in answers else None
            body, kind = found or (b"{}", JSON)
            self.send_response(HTTPStatus.OK if found else HTTPStatus.NOT_FOUND)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None: ...

    if socket.has_dualstack_ipv6():
        return _DualServer(("::", port), Handler)
    return _Server(("0.0.0.0", port), Handler)  # noqa: S104  # the pod's address is not known to it, and there is nothing secret
