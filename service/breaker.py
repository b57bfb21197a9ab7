"""A circuit breaker: what keeps failing is left alone for a while, so that it costs callers nothing."""

import time
from collections import deque
from collections.abc import Callable
from enum import StrEnum
from typing import Self


class State(StrEnum):
    """`half-open`: the rest is over, and one call may try whether it works again."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Turn:
    """Leave for one call. Leaving the `with` block without a verdict (a cancelled call) counts for nothing."""

    __slots__ = ("_breaker", "epoch", "probe")

    def __init__(self, breaker: "Breaker", *, epoch: int, probe: bool) -> None:
        self._breaker: Breaker | None = breaker
        self.epoch, self.probe = epoch, probe

    def succeeded(self) -> None:
        if breaker := self._settle():
            breaker._succeeded(self)  # noqa: SLF001  # the two are one thing; only the first verdict counts

    def failed(self) -> None:
        if breaker := self._settle():
            breaker._failed(self)  # noqa: SLF001

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if breaker := self._settle():
            breaker._abandoned(self)  # noqa: SLF001

    def _settle(self) -> "Breaker | None":
        breaker, self._breaker = self._breaker, None
        return breaker


class Breaker:
    """Opens at the `limit`-th failure within `window` seconds; after `rest` seconds one probe may pass.

    A probe that succeeds closes it; one that fails doubles the rest, up to `longest` seconds. Successes do not outweigh
    failures: a dependency that fails five times in ten seconds is slow for everybody. `failures` and `refusals` count since
    the start. Not for threads: one event loop owns it. `clock` is monotonic, in seconds.
    """

    def __init__(
        self,
        *,
        limit: int = 5,
        window: float = 10.0,
        rest: float = 1.0,
        longest: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.failures = self.refusals = 0
        self._window, self._first_rest, self._longest, self._clock = window, rest, longest, clock
        self._recent: deque[float] = deque(maxlen=limit)
        self._rest = rest
        self._rests_until: float | None = None  # when the rest is over; None while closed
        self._probing = False
        self._epoch = 0  # a verdict on a call from before the last change of state says nothing about now

    @property
    def state(self) -> State:
        if self._rests_until is None:
            return State.CLOSED
        return State.OPEN if self._clock() < self._rests_until else State.HALF_OPEN

    def begin(self) -> Turn | None:
        """Leave for one call, to be used as `with turn:`; None where the call must not be made."""
        state = self.state
        if state is State.OPEN or (state is State.HALF_OPEN and self._probing):
            self.refusals += 1
            return None
        self._probing = state is State.HALF_OPEN
        return Turn(self, epoch=self._epoch, probe=self._probing)

    def _succeeded(self, turn: Turn) -> None:
        if turn.probe and turn.epoch == self._epoch:
            self._recent.clear()
            self._rest = self._first_rest
            self._change(rests_until=None)

    def _failed(self, turn: Turn) -> None:
        self.failures += 1
        if turn.epoch != self._epoch:
            return
        now = self._clock()
        if turn.probe:
            self._rest = min(2 * self._rest, self._longest)
            self._change(rests_until=now + self._rest)
            return
        self._recent.append(now)
        if len(self._recent) == self._recent.maxlen and now - self._recent[0] <= self._window:
            self._change(rests_until=now + self._rest)

    def _abandoned(self, turn: Turn) -> None:
        if turn.epoch == self._epoch:
            self._probing = False

    def _change(self, *, rests_until: float | None) -> None:
        self._rests_until, self._probing = rests_until, False
        self._epoch += 1
