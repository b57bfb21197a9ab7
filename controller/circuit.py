"""Spares those who ask a server that did not answer a moment ago: they hear at once what the first heard after its whole timeout."""

import time
from collections.abc import Callable

from controller.ports import StoreError

OPEN_SECONDS = 5.0


class Circuit:
    """One server's. `clock` in seconds, monotonic."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._open_until = 0.0
        self._heard: StoreError | None = None

    def check(self) -> None:
        """StoreError, as it was heard, while the circuit is open."""
        if self._heard is not None and self._clock() < self._open_until:
            raise StoreError(self._heard.message, reason=self._heard.reason, gone=self._heard.gone)

    def failed(self, error: StoreError) -> None:
        self._heard = error
        self._open_until = self._clock() + OPEN_SECONDS

    def answered(self) -> None:
        self._heard = None
