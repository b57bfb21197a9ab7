"""The client for asyncio."""

import asyncio
import time
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx2

from searchindex.client import wire
from searchindex.client.exchange import Attempt, Patience, Pause, exchange
from searchindex.client.methods import Methods
from searchindex.client.operations import Operation
from searchindex.client.replies import Reply

T = TypeVar("T")


class AsyncClient(Methods):
    """As `Client`, with methods that are awaited; for one event loop. A task that is cancelled closes its connection, and the service
    then leaves its query.
    """

    def __init__(
        self, address: str, *, api_key: str | None = None, deadline: float = 30.0, retries: int = 2, http: httpx2.AsyncClient | None = None
    ) -> None:
        self._address, self._headers = wire.address_of(address), wire.headers_of(api_key)
        self._patience = Patience(deadline=deadline, retries=retries)
        self._http, self._owned = http or httpx2.AsyncClient(), http is None

    async def perform(self, operation: Operation[T]) -> T:
        """The result of an operation, which is what every method of a client is."""
        steps = exchange(operation, self._patience, clock=time.monotonic)
        reply: Reply | None = None
        while True:
            try:
                step = steps.send(reply)
            except StopIteration as done:
                result: T = done.value
                return result
            reply = await self._do(step)

    async def close(self) -> None:
        if self._owned:
            await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        await self.close()

    async def _do(self, step: Attempt | Pause) -> Reply | None:
        if isinstance(step, Attempt):
            return await self._attempt(step)
        await asyncio.sleep(step.seconds)
        return None

    async def _attempt(self, step: Attempt) -> Reply:
        try:
            async with asyncio.timeout(step.seconds):
                return await self._send(step)
        except TimeoutError:
            raise wire.too_late() from None

    async def _send(self, step: Attempt) -> Reply:
        arguments: dict[str, Any] = wire.arguments_of(step.call, self._address)
        with wire.translated():
            async with self._http.stream(**arguments, headers=self._headers, timeout=step.seconds) as response:
                return wire.reply_of(response, await response.aread())
