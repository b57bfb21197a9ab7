"""The instrument itself: every fault it claims is what a client sees."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.faultproxy import CHUNK, HOST, MOST, FaultProxy, Faults, Mode

SOON = 0.2  # seconds in which an answer would long be there
LATE = 10.0  # seconds after which a test gives up


@pytest.fixture
async def proxy() -> AsyncIterator[FaultProxy]:
    """In front of a server that answers every line with it."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while chunk := await reader.read(1 << 16):
                writer.write(chunk)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(echo, HOST, 0)
    async with server, FaultProxy(server.sockets[0].getsockname()[1]) as proxy:
        yield proxy


class Client:
    """A connection through the proxy."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def ask(self, sent: bytes, *, expect: int | None = None, within: float = LATE) -> bytes:
        self.writer.write(sent)
        async with asyncio.timeout(within):
            return await self.reader.readexactly(len(sent) if expect is None else expect)


async def connect(proxy: FaultProxy) -> Client:
    return Client(*await asyncio.open_connection(HOST, proxy.port))


async def test_passes_every_byte(proxy: FaultProxy) -> None:
    """Without a fault it changes nothing, however much goes through."""
    client = await connect(proxy)
    sent = bytes(range(256)) * 8000
    assert await client.ask(sent) == sent
    client.writer.close()


async def test_delays_replies_without_throttling_them(proxy: FaultProxy) -> None:
    """A delay shifts replies and does not add up over the chunks under way."""
    client = await connect(proxy)
    await proxy.set(Faults(delay=0.3))
    started = asyncio.get_running_loop().time()
    await client.ask(b"x" * 16 * CHUNK)
    took = asyncio.get_running_loop().time() - started
    assert 0.29 < took < 16 * 0.3
    client.writer.close()


async def test_stalls_after_so_many_bytes(proxy: FaultProxy) -> None:
    """A stalled connection gives exactly the bytes allowed, then neither data nor an end."""
    await proxy.set(Faults(stall_after=7))
    client = await connect(proxy)
    assert await client.ask(b"0123456789", expect=7) == b"0123456"
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.reader.read(1), SOON)
    client.writer.close()


async def test_resets_after_so_many_bytes(proxy: FaultProxy) -> None:
    """A reply can be cut off by RST in its middle."""
    await proxy.set(Faults(reset_after=7))
    client = await connect(proxy)
    with pytest.raises(ConnectionResetError):
        await client.ask(b"0123456789")
    client.writer.close()


async def test_resets_new_and_open_connections(proxy: FaultProxy) -> None:
    """Switching to reset is seen as ECONNRESET by who is connected and by who comes."""
    old = await connect(proxy)
    await old.ask(b"hello")
    await proxy.set(Faults(mode=Mode.RESET))
    new = await connect(proxy)
    for client in (old, new):
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(client.reader.read(1), LATE)
        client.writer.close()


async def test_refuses_and_listens_again_on_the_same_port(proxy: FaultProxy) -> None:
    """Refusing is ECONNREFUSED, and the port is kept for coming back."""
    port = proxy.port
    for _ in range(3):
        await proxy.set(Faults(mode=Mode.REFUSE))
        with pytest.raises(ConnectionRefusedError):
            await connect(proxy)
        await proxy.set(Faults())
        client = await connect(proxy)
        assert await client.ask(b"back") == b"back"
        client.writer.close()
    assert proxy.port == port


async def test_hangs_and_goes_on(proxy: FaultProxy) -> None:
    """A hung network accepts and says nothing; what waited arrives when it recovers."""
    await proxy.set(Faults(mode=Mode.HANG))
    client = await connect(proxy)
    with pytest.raises(TimeoutError):
        await client.ask(b"hello", within=SOON)
    await proxy.set(Faults())
    assert await asyncio.wait_for(client.reader.readexactly(5), LATE) == b"hello"
    client.writer.close()


async def test_throttles(proxy: FaultProxy) -> None:
    """A rate bounds how fast replies come."""
    await proxy.set(Faults(rate=100_000))
    client = await connect(proxy)
    started = asyncio.get_running_loop().time()
    await client.ask(b"x" * 50_000)
    assert asyncio.get_running_loop().time() - started >= 0.45
    client.writer.close()


@pytest.mark.parametrize("position", [0, 4, 9])
async def test_corrupts_one_byte(proxy: FaultProxy, position: int) -> None:
    """Exactly the byte asked for is changed, whichever chunk it comes in."""
    await proxy.set(Faults(corrupt=position))
    client = await connect(proxy)
    answer = await client.ask(b"01234") + await client.ask(b"56789")
    assert [i for i, (sent, got) in enumerate(zip(b"0123456789", answer, strict=True)) if sent != got] == [position]
    client.writer.close()


async def test_counts_and_bounds_connections(proxy: FaultProxy) -> None:
    """More connections than it can hold are reset, and all of them are counted."""
    clients = [await connect(proxy) for _ in range(MOST)]
    await clients[-1].ask(b"served")
    extra = await connect(proxy)
    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(extra.reader.read(1), LATE)
    assert (proxy.accepted, proxy.connections) == (MOST + 1, MOST)
    for client in (*clients, extra):
        client.writer.close()


async def test_an_absent_server_is_a_reset() -> None:
    """With nobody behind it, the proxy ends connections instead of leaving them open."""
    async with FaultProxy(1) as proxy:
        client = await connect(proxy)
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(client.reader.read(1), LATE)
        client.writer.close()
