"""A TCP proxy on loopback whose network is as bad as a test wants; it can be changed while connections are open.

    async with FaultProxy(upstream_port) as proxy:
        await proxy.set(Faults(delay=0.2))

Requests pass as they are, faults fall on the replies. Bounded: `MOST` connections (more are reset), `QUEUE` chunks of `CHUNK`
bytes for each.
"""

import asyncio
import contextlib
import socket
import struct
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

HOST = "127.0.0.1"
CHUNK = 16 * 1024
QUEUE = 16
MOST = 256


class Mode(StrEnum):
    """What a connection meets, the open ones as well as new ones."""

    PASS = "pass"
    REFUSE = "refuse"  # nobody listens; open connections are reset
    RESET = "reset"  # accepted, then reset
    HANG = "hang"  # accepted, never answered; goes on when the mode changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """`delay`: seconds by which replies come later. `rate`: bytes of replies per second. Counted in bytes of one connection's
    replies: `stall_after`, after which nothing follows; `reset_after`, after which it is reset; `corrupt`, the one that has a
    bit flipped.
    """

    mode: Mode = Mode.PASS
    delay: float = 0.0
    rate: float | None = None
    stall_after: int | None = None
    reset_after: int | None = None
    corrupt: int | None = None


class FaultProxy:
    """Connects `port` to `upstream_port`. `accepted`: connections since the start."""

    def __init__(self, upstream_port: int) -> None:
        self._upstream_port = upstream_port
        self._faults = Faults()
        self._changed = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._placeholder: socket.socket | None = None
        self._tasks: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self.accepted = self.port = 0

    @property
    def url(self) -> str:
        return f"redis://{HOST}:{self.port}/0"

    @property
    def connections(self) -> int:
        """How many are open now."""
        return len(self._tasks)

    async def set(self, faults: Faults) -> None:
        """From now on, for open connections too: their bytes are counted from their beginning."""
        self._faults = faults
        self._changed.set()
        self._changed = asyncio.Event()
        if faults.mode is Mode.REFUSE:
            self._stop_listening()
        elif self._server is None:
            await self._listen()
        if faults.mode in (Mode.REFUSE, Mode.RESET):
            for writer in self._tasks.values():
                reset(writer)

    async def __aenter__(self) -> Self:
        await self._listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop_listening()
        if self._placeholder:
            self._placeholder.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, HOST, self.port, limit=CHUNK)
        self.port = self._server.sockets[0].getsockname()[1]
        if self._placeholder:
            self._placeholder.close()

    def _stop_listening(self) -> None:
        """The port stays ours, so that nobody else answers there."""
        if self._server:
            self._server.close()
            self._server = None
            self._placeholder = socket.socket()
            self._placeholder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._placeholder.bind((HOST, self.port))

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        if self._faults.mode is Mode.RESET or len(self._tasks) >= MOST:
            reset(writer)
            return
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks[task] = writer
        task.add_done_callback(self._tasks.pop)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            upstream_reader, upstream_writer = await asyncio.open_connection(HOST, self._upstream_port, limit=CHUNK)
        except OSError:
            reset(writer)
            return
        try:
            await self._carry(reader, writer, upstream_reader, upstream_writer)
        finally:
            upstream_writer.transport.abort()
            writer.close()

    async def _carry(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        upstream_reader: asyncio.StreamReader,
        upstream_writer: asyncio.StreamWriter,
    ) -> None:
        """Until either side has ended."""
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(QUEUE)
        pumps = [
            asyncio.create_task(_forward(reader, upstream_writer)),
            asyncio.create_task(_receive(upstream_reader, queue)),
            asyncio.create_task(self._reply(queue, writer)),
        ]
        try:
            await asyncio.wait((pumps[0], pumps[2]), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _reply(self, queue: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        sent = 0
        while (item := await queue.get())[1]:
            arrived, chunk = item
            await self._wait_for(arrived)
            faults = self._faults
            cut = min((end for end in (faults.stall_after, faults.reset_after) if end is not None), default=None)
            passing = chunk if cut is None else chunk[: max(0, cut - sent)]
            await _write(writer, _corrupted(passing, faults.corrupt, sent), rate=faults.rate)
            sent += len(passing)
            if cut is not None and sent >= cut:
                await _end(writer, by_reset=cut == faults.reset_after)
                return

    async def _wait_for(self, arrived: float) -> None:
        """The time at which a chunk may go on: after its delay, and not while the network hangs."""
        loop = asyncio.get_running_loop()
        while self._faults.mode is Mode.HANG:
            await self._changed.wait()
        await asyncio.sleep(max(0.0, arrived + self._faults.delay - loop.time()))
        if self._faults.mode is Mode.HANG:
            await self._wait_for(arrived)


def reset(writer: asyncio.StreamWriter) -> None:
    """End the connection by RST, dropping what was not sent."""
    sock = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _write(writer: asyncio.StreamWriter, chunk: bytes, *, rate: float | None) -> None:
    """At once, or in pieces of a twentieth of a second, each after the time it takes."""
    step = max(1, int(rate / 20)) if rate else CHUNK
    for start in range(0, len(chunk), step):
        piece = chunk[start : start + step]
        if rate:
            await asyncio.sleep(len(piece) / rate)
        writer.write(piece)
        await writer.drain()


async def _end(writer: asyncio.StreamWriter, *, by_reset: bool) -> None:
    """By RST, or by never saying anything again, which lasts until the client goes."""
    if by_reset:
        reset(writer)
    else:
        await asyncio.Event().wait()


async def _forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(CHUNK):
        writer.write(chunk)
        await writer.drain()


async def _receive(reader: asyncio.StreamReader, queue: asyncio.Queue[tuple[float, bytes]]) -> None:
    """Chunks with the time at which they came; an empty one at the end."""
    loop = asyncio.get_running_loop()
    chunk = b"more"
    while chunk:
        try:
            chunk = await reader.read(CHUNK)
        except OSError:
            chunk = b""
        await queue.put((loop.time(), chunk))


def _corrupted(chunk: bytes, position: int | None, sent: int) -> bytes:
    if position is None or not sent <= position < sent + len(chunk):
        return chunk
    garbled = bytearray(chunk)
    garbled[position - sent] ^= 1
    return bytes(garbled)
