"""Reading one address, of a stranger's choice: looked up once, and then asked at just the address that was checked."""

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urljoin

from jobs.sources import MOST_BYTES, require_size
from jobs.web_rules import RefusedError, Rules, Target, is_public, target_of

CHUNK = 64 * 1024
REDIRECTS = 2
MOVED = {301, 302, 303, 307, 308}
GONE = {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}


def addresses_of(host: str, port: int) -> Sequence[str]:
    """All that the system's resolver knows. OSError where it knows none."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def connected(address: str, port: int, timeout: float) -> socket.socket:
    return socket.create_connection((address, port), timeout)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """`seconds` for one picture, redirects and all. `resolve` and `connect` are handed in, so that tests need no network."""

    rules: Rules
    seconds: float
    resolve: Callable[[str, int], Sequence[str]] = addresses_of
    connect: Callable[[str, int, float], socket.socket] = connected
    context: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    def read(self, url: str) -> bytes:
        """RefusedError, FileNotFoundError where it is gone, InvalidImage where it is too large, else OSError."""
        deadline = time.monotonic() + self.seconds
        for _ in range(REDIRECTS + 1):
            answer = self._asked(target_of(url, self.rules), deadline)
            if isinstance(answer, bytes):
                return answer
            url = urljoin(url, answer)
        raise OSError(None, "it is redirected too often")

    def _asked(self, target: Target, deadline: float) -> bytes | str:
        """The content, or where it has moved to."""
        link = _over(self._linked(target, deadline), target, self.context)
        ending = threading.Timer(max(0.0, deadline - time.monotonic()), _end, [link])  # however slowly it drips
        ending.daemon = True
        ending.start()
        try:
            return _answer(link, target)
        except (http.client.HTTPException, ValueError) as error:
            raise OSError(None, f"its server does not speak HTTP ({type(error).__name__})") from None
        finally:
            ending.cancel()
            link.close()

    def _linked(self, target: Target, deadline: float) -> socket.socket:
        """To one of its addresses, if each of them may be asked: a name with one that may not is up to something."""
        addresses = self.resolve(target.host, target.port)
        if not addresses or not all(map(is_public, addresses)):
            raise RefusedError("its host is not in the public network")
        return self.connect(addresses[0], target.port, max(0.001, deadline - time.monotonic()))


def _over(link: socket.socket, target: Target, context: ssl.SSLContext) -> socket.socket:
    """The name is what the certificate is checked against, not the address. It is checked later, when the time is being watched."""
    if target.scheme == "http":
        return link
    return context.wrap_socket(link, server_hostname=target.host, do_handshake_on_connect=False)


def _answer(link: socket.socket, target: Target) -> bytes | str:
    if isinstance(link, ssl.SSLSocket):
        link.do_handshake()
    connection = http.client.HTTPConnection(target.host, target.port)
    connection.sock = link
    connection.request("GET", target.path, headers={"User-Agent": "searchindex", "Accept": "image/*", "Accept-Encoding": "identity"})
    response = connection.getresponse()
    if response.status in MOVED and (place := response.getheader("Location")):
        return place
    if response.status in GONE:
        raise FileNotFoundError(None, f"its server says {response.status}")
    if response.status != HTTPStatus.OK:
        raise OSError(None, f"its server says {response.status}")
    return _content(response)


def _content(response: http.client.HTTPResponse) -> bytes:
    require_size(response.length or 0)
    content = bytearray()
    while len(content) <= MOST_BYTES and (chunk := response.read(CHUNK)):
        content += chunk
    require_size(len(content))
    if response.length:
        raise OSError(None, "its content is cut short")
    return bytes(content)


def _end(link: socket.socket) -> None:
    with contextlib.suppress(OSError):
        socket.socket.shutdown(link, socket.SHUT_RDWR)  # as of TCP, also where TLS is spoken over it
