"""The load generator against a small HTTP server that does as it is told."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator

import pytest

from bench.load import NONE, OK, SHED, Callers, Reply, offer, one_by_one, p99, run

BODIES = (f'{{"query": "{number}"}}'.encode() for number in itertools.count())


@contextlib.asynccontextmanager
async def server(*, statuses: list[int], gate: asyncio.Event | None = None) -> AsyncIterator[int]:
    """Answers with each of `statuses` in turn, the last for ever; 0 hangs up. Waits for `gate` where there is one."""
    turns = itertools.chain(statuses, itertools.repeat(statuses[-1]))
    answering = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answering.add(asyncio.current_task())
        with contextlib.closing(writer), contextlib.suppress(EOFError, OSError):
            while status := await _read(reader, turns):
                if gate:
                    await gate.wait()
                writer.write(f"HTTP/1.1 {status} Whatever\r\nContent-Length: 2\r\n\r\n{{}}".encode())

    listening = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1]
    await asyncio.gather(*answering)  # the callers have hung up


async def _read(reader: asyncio.StreamReader, turns) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(int(head.rpartition(b"Content-Length: ")[2]))
    return next(turns)


async def test_every_search_has_a_reply():
    """Answered, shed and hung up on, each with its status."""
    async with server(statuses=[OK, SHED, OK, NONE, OK]) as port:
        replies = await one_by_one(port, BODIES, count=6)
    assert [each.status for each in replies] == [OK, SHED, OK, NONE, OK, OK]


async def test_a_constant_rate_does_not_wait_for_answers():
    """While the server is stuck the searches go out, and the time that they stood counts."""
    gate = asyncio.Event()
    async with server(statuses=[OK], gate=gate) as port:
        asyncio.get_running_loop().call_later(0.3, gate.set)
        replies = await offer(port, BODIES, rate=100, seconds=0.2)
    assert [each.status for each in replies] == [OK] * 20
    assert p99(replies) >= 250
    assert min(each.ms for each in replies) >= 90
    assert sorted(each.due for each in replies) == pytest.approx([number / 100 for number in range(20)])


async def test_what_cannot_be_sent_is_counted():
    """More in flight than `most` is a failure of the server's, not a gap in the load."""
    gate = asyncio.Event()
    async with server(statuses=[OK], gate=gate) as port:
        asyncio.get_running_loop().call_later(0.3, gate.set)
        replies = await offer(port, BODIES, rate=200, seconds=0.1, most=5)
    assert sorted(each.status for each in replies) == [NONE] * 15 + [OK] * 5


async def test_nobody_there():
    """A refused connection is a reply without a status."""
    async with server(statuses=[OK]) as port:
        pass
    assert await Callers(port).ask(b"{}") == NONE


def test_runs_on_its_own_loop():
    """The loop that wakes to the microsecond carries the load as well."""

    async def whole() -> list[Reply]:
        async with server(statuses=[OK]) as port:
            return await offer(port, BODIES, rate=100, seconds=0.05)

    assert [each.status for each in run(whole())] == [OK] * 5
