"""A stand-in for OpenAI's server: real HTTP on loopback, which records what it is sent and answers as a test wants.

async with OpenAIServer() as server:
    server.mode = Mode.HANG
"""

import asyncio
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

HOST = "127.0.0.1"
MEGABYTE = 1_000_000


class Mode(StrEnum):
    """How a request is answered."""

    SAY = "say"
    LIMITED = "limited"  # 429
    BROKEN = "broken"  # 500
    DENIED = "denied"  # 401, with the key in its text, as OpenAI's own
    HANG = "hang"  # never; the connection stays open
    DRIP = "drip"  # a byte from time to time, without end
    GARBAGE = "garbage"  # 200, and no JSON
    OTHER = "other"  # 200, and JSON that is no completion
    REFUSAL = "refusal"  # 200, and a completion without text
    HUGE = "huge"  # 200, and text of a megabyte
    HUGE_ERROR = "huge-error"  # 500, and as much
    REDIRECT = "redirect"
    RESET = "reset"  # closed without an answer


@dataclass(frozen=True, slots=True)
class Received:
    """One request; `body` is what its JSON says."""

    path: str
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(self.raw)
        return body

    @property
    def data(self) -> dict[str, Any]:
        """The document that the model is to explain."""
        data: dict[str, Any] = json.loads(self.body["messages"][1]["content"])
        return data


class OpenAIServer:
    """`text`: what it says. Each request waits for `gate` first; clear it to keep requests under way. `most`: so many were, at once."""

    def __init__(self) -> None:
        self.mode, self.text = Mode.SAY, "Both show a red heart."
        self.requests: list[Received] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.busy = self.most = 0
        self._busy_changed = asyncio.Condition()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, HOST, 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server:
            self._server.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def base_url(self) -> str:
        assert self._server
        return f"http://{HOST}:{self._server.sockets[0].getsockname()[1]}/v1"

    async def until_busy(self, count: int) -> None:
        """Until so many requests are under way."""
        async with self._busy_changed, asyncio.timeout(20):
            await self._busy_changed.wait_for(lambda: self.busy == count)

    async def _now_busy(self, count: int) -> None:
        async with self._busy_changed:
            self.busy, self.most = count, max(self.most, count)
            self._busy_changed.notify_all()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request a connection."""
        try:
            self.requests.append(await _read(reader))
            await self._now_busy(self.busy + 1)
            try:
                await self.gate.wait()
                await self._answer(writer)
            finally:
                await self._now_busy(self.busy - 1)
        except (OSError, asyncio.IncompleteReadError):  # the caller went, as many of these tests want it to
            pass
        finally:
            writer.close()

    async def _answer(self, writer: asyncio.StreamWriter) -> None:
        if self.mode is Mode.HANG:
            await asyncio.Event().wait()
        elif self.mode is Mode.DRIP:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n")
            while not writer.is_closing():
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.01)
        elif self.mode is not Mode.RESET:
            writer.write(self._response())
            await writer.drain()

    def _response(self) -> bytes:
        key = self.requests[-1].headers.get("authorization", "")
        status, body = {
            Mode.SAY: (200, completion(self.text)),
            Mode.LIMITED: (429, error("Rate limit reached")),
            Mode.BROKEN: (500, error("The server had an error")),
            Mode.DENIED: (401, error(f"Incorrect API key provided: {key}")),
            Mode.GARBAGE: (200, b"\xff\x00<html>not what you think"),
            Mode.OTHER: (200, b'{"choices": [{"text": "old style"}]}'),
            Mode.REFUSAL: (200, completion(None)),
            Mode.HUGE: (200, completion("heart " * (MEGABYTE // 6))),
            Mode.HUGE_ERROR: (500, error("x" * MEGABYTE)),
            Mode.REDIRECT: (307, b""),
        }[self.mode]
        head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n"
        return (head + (f"location: {self.base_url}/elsewhere\r\n" if status == 307 else "") + "\r\n").encode() + body


def completion(text: str | None) -> bytes:
    """As https://platform.openai.com/docs/api-reference/chat/object has it."""
    message = {"role": "assistant", "content": text, "refusal": None if text else "I cannot help with that."}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    whole = {"id": "c-1", "object": "chat.completion", "created": 1, "model": "gpt-4", "choices": [choice], "usage": usage}
    return json.dumps(whole).encode()


def error(message: str) -> bytes:
    return json.dumps({"error": {"message": message, "type": "error", "param": None, "code": None}}).encode()


async def _read(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    return Received(head[0].split()[1], headers, await reader.readexactly(int(headers.get("content-length", "0"))))
