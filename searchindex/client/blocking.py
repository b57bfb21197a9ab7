"""The client for programs that block."""

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


class Client(Methods):
    """Speaks to the service at `address`; may be used by several threads. Raises ClientError and nothing else of the network.

    `deadline`: seconds for each operation, repetitions included. `retries`: how often an operation is repeated that the service asks to
    try again. `http`: an httpx2 client of your own, for proxies and certificates; it is not closed here.
    """

    def __init__(
        self, address: str, *, api_key: str | None = None, deadline: float = 30.0, retries: int = 2, http: httpx2.Client | None = None
    ) -> None:
        self._address, self._headers = wire.address_of(address), wire.headers_of(api_key)
        self._patience = Patience(deadline=deadline, retries=retries)
        self._http, self._owned = http or httpx2.Client(), http is None

    def perform(self, operation: Operation[T]) -> T:
        """The result of an operation, which is what every method of a client is."""
        steps = exchange(operation, self._patience, clock=time.monotonic)
        reply: Reply | None = None
        while True:
            try:
                step = steps.send(reply)
            except StopIteration as done:
                result: T = done.value
                return result
            reply = self._do(step)

    def close(self) -> None:
        if self._owned:
            self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        self.close()

    def _do(self, step: Attempt | Pause) -> Reply | None:
        if isinstance(step, Attempt):
            return self._attempt(step)
        time.sleep(step.seconds)
        return None

    def _attempt(self, step: Attempt) -> Reply:
        ends = time.monotonic() + step.seconds
        arguments: dict[str, Any] = wire.arguments_of(step.call, self._address)
        with wire.translated(), self._http.stream(**arguments, headers=self._headers, timeout=step.seconds) as response:
            content = bytearray()
            for chunk in response.iter_bytes():
                content += chunk
                if time.monotonic() > ends:  # the timeout alone begins anew with every chunk
                    raise wire.too_late()
            return wire.reply_of(response, bytes(content))
