"""Searches at a constant rate over kept-alive connections, whether or not the server keeps up.

A latency counts from the moment at which a search was due, not from when it could be sent: a server that stalls is not spared the
searches that came meanwhile.
"""

import asyncio
import selectors
import time
from collections import deque
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar

from bench.figures import quantile
from bench.listening import LOOPBACK

Result = TypeVar("Result")

MS = 1000.0
PATIENCE = 10.0  # seconds that an answer may take
MOST = 64  # in flight
OK, SHED, NONE = HTTPStatus.OK.value, HTTPStatus.SERVICE_UNAVAILABLE.value, 0


@dataclass(frozen=True, slots=True)
class Reply:
    """`status` is 0 where there was no answer, or where the search was not sent because too many were in flight. `due`: seconds after
    the first one of a constant rate.
    """

    status: int
    ms: float
    due: float = 0.0


def times(replies: list[Reply], status: int = OK) -> list[float]:
    """Milliseconds of the answers with that status."""
    return [each.ms for each in replies if each.status == status]


def p99(replies: list[Reply]) -> float:
    """Of the successful ones, in milliseconds; infinite where there is none."""
    taken = times(replies)
    return quantile(taken, 0.99) if taken else float("inf")


class Callers:
    """Connections to one server; each carries one search at a time, the one used last first."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: deque[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = deque()
        self._head = f"POST /search HTTP/1.1\r\nHost: {LOOPBACK}\r\nContent-Type: application/json\r\nContent-Length: "

    async def ask(self, body: bytes) -> int:
        """The status; 0 where the connection failed, or no answer came in time."""
        try:
            async with asyncio.timeout(PATIENCE):
                reader, writer = self._idle.pop() if self._idle else await asyncio.open_connection(LOOPBACK, self._port)
                try:
                    status = await self._exchange(reader, writer, body)
                except BaseException:
                    writer.transport.abort()
                    raise
        except (OSError, EOFError, TimeoutError, ValueError):
            return NONE
        self._idle.append((reader, writer))
        return status

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes) -> int:
        writer.write(f"{self._head}{len(body)}\r\n\r\n".encode() + body)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = head.index(b"content-length:") + len(b"content-length:")
        await reader.readexactly(int(head[length : head.index(b"\r\n", length)]))
        return int(head.split(None, 2)[1])

    def close(self) -> None:
        """For a server gives up a connection on which nothing was asked for some seconds."""
        for _, writer in self._idle:
            writer.transport.abort()
        self._idle.clear()


async def one_by_one(port: int, bodies: Iterator[bytes], *, count: int, seconds: float = float("inf")) -> list[Reply]:
    """A single caller, who asks again once there is an answer: the server without load. `count` times, or until `seconds` are over."""
    callers, replies = Callers(port), list[Reply]()
    end = time.perf_counter() + seconds
    while len(replies) < count and (began := time.perf_counter()) < end:
        status = await callers.ask(next(bodies))
        replies.append(Reply(status, MS * (time.perf_counter() - began)))
    callers.close()
    return replies


async def offer(port: int, bodies: Iterator[bytes], *, rate: float, seconds: float, most: int = MOST) -> list[Reply]:
    """`rate` searches a second for so many seconds, evenly, and then the last answers. What is beyond `most` in flight is not sent."""
    callers, replies = Callers(port), list[Reply]()
    began = time.perf_counter()

    async def ask(due: float, body: bytes) -> None:
        status = await callers.ask(body)
        replies.append(Reply(status, MS * (time.perf_counter() - due), due - began))

    flying: set[asyncio.Task[None]] = set()
    for number in range(max(1, round(rate * seconds))):
        due = began + number / rate
        if (early := due - time.perf_counter()) > 0:
            await asyncio.sleep(early)
        if len(flying) >= most:
            replies.append(Reply(NONE, 0.0, due - began))
            await asyncio.sleep(0)  # or the answers would never be read
            continue
        task = asyncio.create_task(ask(due, next(bodies)))
        flying.add(task)
        task.add_done_callback(flying.discard)
    await asyncio.gather(*flying)
    callers.close()
    return replies


def runner() -> asyncio.Runner:
    """On select(), which wakes to the microsecond; epoll rounds up to the next millisecond."""
    return asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector()))


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """As asyncio.run, on the loop of a `runner`."""
    with runner() as once:
        return once.run(work)
