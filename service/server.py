"""The HTTP server around the application: a listening socket, and an orderly end."""

import signal
import socket
from contextlib import suppress
from types import FrameType

import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import LOGGING_CONFIG

from searchindex.errors import StoreUnavailable
from service.http_protocol import PatientProtocol

# Seconds that a connection may rest between two requests: longer than the proxies before it let theirs rest (Traefik 90, nginx 60). Who
# closes first loses nothing; a proxy that sends a search into a connection just closed answers 502, for it may not repeat it.
KEEP_ALIVE = 100
GRACE = 20  # seconds that requests in flight have once the process is told to end


def listen(host: str, port: int) -> socket.socket:
    """A bound socket, so that a taken port is found out before a model is loaded. Port 0 takes a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, or asyncio leaves Nagle's algorithm on, and small answers wait 40 ms for an acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        reason = error.strerror or str(error)
        raise StoreUnavailable(f"Port {port} on {host} cannot be used: {reason}.", hint=f"Take another, such as {port + 1}.") from None
    return listener


def run(app: ASGIApp, listener: socket.socket, *, logs_are_set_up: bool = False) -> None:
    """Serve until SIGTERM or SIGINT, finish what is in flight, and return.

    Forwarded headers are believed by `TRUSTED_PROXIES` alone, so uvicorn must not rewrite the peer's address before.
    `logs_are_set_up`: uvicorn leaves them as they are, and its lines look like the others.
    """
    config = uvicorn.Config(
        app,
        http=PatientProtocol,
        log_config=None if logs_are_set_up else LOGGING_CONFIG,
        log_level="warning",
        access_log=False,  # requests are counted and traced; slow and failed ones have a line of the service's own
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
    )
    signal.signal(signal.SIGTERM, _end)  # uvicorn raises the signal again after its own orderly end
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listener])


def _end(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
