"""Both clients on a network, and with a service, that misbehaves."""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator

import pytest

from searchindex.client import AsyncClient, DeadlineExceeded, Unavailable, Unreachable
from tests.searchindex.client.conftest import ask_with

WELL = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 21\r\nConnection: close\r\n\r\n{"status": "healthy"}'
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
SOON = 0.5  # seconds of a deadline that is meant to pass

Script = list[Callable[["Raw", socket.socket], None]]


class Raw:
    """A server of bare bytes. Each connection is met by the next of the script, the last of them for ever."""

    def __init__(self, script: Script) -> None:
        self.script, self.requests = script, list[bytes]()
        self.asked, self.ended = threading.Event(), threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.threads = [threading.Thread(target=self._accept)]
        self.threads[0].start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def close(self) -> None:
        self.ended.set()
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in self.threads:
            thread.join()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                act = self.script.pop(0) if len(self.script) > 1 else self.script[0]
                self.threads.append(threading.Thread(target=self._serve, args=(connection, act)))
                self.threads[-1].start()

    def _serve(self, connection: socket.socket, act: Callable[["Raw", socket.socket], None]) -> None:
        with connection, contextlib.suppress(OSError):
            self.requests.append(connection.recv(65536))
            self.asked.set()
            act(self, connection)


def say(content: bytes) -> Callable[[Raw, socket.socket], None]:
    return lambda _, connection: connection.sendall(content)


def hang(raw: Raw, _connection: socket.socket) -> None:
    raw.ended.wait()


def trickle(raw: Raw, connection: socket.socket) -> None:
    """Something every fiftieth of a second, for ever."""
    connection.sendall(HEAD)
    while not raw.ended.wait(0.02):
        connection.sendall(b"x")


def reset(_raw: Raw, connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def break_off(_raw: Raw, connection: socket.socket) -> None:
    connection.sendall(HEAD + b"{")


@contextlib.contextmanager
def meeting(*script: Callable[[Raw, socket.socket], None]) -> Iterator[Raw]:
    raw = Raw(list(script))
    try:
        yield raw
    finally:
        raw.close()


def test_a_busy_service_is_asked_again(kind: str):
    """Twice busy, then well: the caller notices nothing."""
    with meeting(say(BUSY), say(BUSY), say(WELL)) as raw:
        assert ask_with(kind, raw.address)(lambda client: client.health()).status == "healthy"
        assert len(raw.requests) == 3


@pytest.mark.parametrize("retries", [0, 1])
def test_patience_has_an_end(kind: str, retries: int):
    """As many repetitions as allowed, and then the problem."""
    with meeting(say(BUSY)) as raw:
        with pytest.raises(Unavailable):
            ask_with(kind, raw.address, retries=retries)(lambda client: client.health())
        assert len(raw.requests) == 1 + retries


@pytest.mark.parametrize("act", [hang, trickle], ids=["hang", "trickle"])
def test_a_deadline_ends_the_wait(kind: str, act: Callable[[Raw, socket.socket], None]):
    """Also where something keeps coming, which no timeout between two bytes would notice."""
    with meeting(act) as raw, pytest.raises(DeadlineExceeded):
        ask_with(kind, raw.address, deadline=SOON)(lambda client: client.picture("1"))


@pytest.mark.parametrize("act", [reset, break_off, say(b"not HTTP\r\n\r\n")], ids=["reset", "broken off", "another protocol"])
def test_a_connection_that_breaks_is_told_once(kind: str, act: Callable[[Raw, socket.socket], None]):
    """One error of ours, and no second attempt that nobody asked for."""
    with meeting(act) as raw:
        with pytest.raises(Unreachable):
            ask_with(kind, raw.address)(lambda client: client.health())
        assert len(raw.requests) == 1


def test_nobody_there_is_told(kind: str):
    """With a hint, not with a library's own words alone."""
    with meeting(hang) as raw:
        address = raw.address
    with pytest.raises(Unreachable) as caught:
        ask_with(kind, address)(lambda client: client.health())
    assert caught.value.hint


def test_the_key_is_in_the_header_and_nowhere_else(kind: str):
    """Addresses are written into logs."""
    with meeting(say(WELL)) as raw:
        ask_with(kind, raw.address, api_key="a-secret")(lambda client: client.health())
        (request,) = raw.requests
    line, _, rest = request.partition(b"\r\n")
    assert line == b"GET /health HTTP/1.1"
    assert rest.lower().count(b"a-secret") == rest.lower().count(b"x-api-key: a-secret") == 1


def test_an_address_with_a_path_is_kept(kind: str):
    """A service may be behind a prefix."""
    with meeting(say(WELL)) as raw:
        ask_with(kind, raw.address + "/images/")(lambda client: client.health())
        assert raw.requests[0].startswith(b"GET /images/health ")


async def test_a_cancelled_call_closes_its_connection():
    """So that the service can leave a query that nobody waits for any more."""
    gone = threading.Event()

    def notice(_raw: Raw, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while connection.recv(4096):  # what is left of the request comes first
                pass
        gone.set()

    with meeting(notice) as raw:
        async with AsyncClient(raw.address) as client:
            task = asyncio.create_task(client.search("red"))
            assert await asyncio.to_thread(raw.asked.wait, 10)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await asyncio.to_thread(gone.wait, 10)
