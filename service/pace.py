"""How fast a model works, so that a query can be refused that would wait for it too long. Decides; waits for nothing."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

FORGETTING = 0.9  # what an earlier batch weighs beside the next one
DIFFERENT = 0.01  # of their mean square: variance of the batches' sizes, from which on they differ
HICCUP = 1.0  # seconds that any batch may take longer than expected
STANDING = 0.25  # of `wait`: what a queue may cost that stands
PATIENT = 4.001  # times as long as one text takes alone, a text may wait of a model so slow that `wait` is less; at four rounding decided


class Line:
    """seconds = start + each * size, by least squares over the batches so far, the latest weighing most.

    On a graphics card `start` is nearly all, on a processor `each` is. Batches of about one size, as they are beyond the capacity, tell
    nothing of that: the shares of the two stay as they were; at first all is `start`.
    """

    def __init__(self) -> None:
        self.start = self.each = 0.0
        self._sums: tuple[float, ...] = (0.0,) * 5

    def add(self, size: int, seconds: float) -> None:
        new = (1.0, size, seconds, size * size, size * seconds)
        self._sums = tuple(FORGETTING * old + each for old, each in zip(self._sums, new, strict=True))
        n, x, y, xx, xy = self._sums
        spread = n * xx - x * x
        known = n * self.start + x * self.each
        slope = (n * xy - x * y) / spread if spread > DIFFERENT * n * xx else self.each * y / known if known else 0.0
        self.each = min(max(0.0, slope), y / x)
        self.start = (y - self.each * x) / n

    def at(self, size: int) -> float:
        return self.start + self.each * size


class Pace:
    """`wait`: seconds that a text may wait until its batch begins; `most`: texts of a batch. `clock` is monotonic, in seconds.

    A burst may wait so long. A queue that has not been empty for `wait` is no burst: more is asked than can be done, waiting helps
    nobody, and who is still taken waits a quarter of it (the controlled delay of Nichols and Jacobson, ACM Queue 10/5). It stands for as
    long as texts are refused: a quarter is often no more than one batch takes, and a queue that is empty then is not at its end.
    """

    def __init__(self, *, wait: float, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._wait, self._most, self._clock = wait, most, clock
        self._expected = Line()
        self._alone = math.inf  # seconds of one text: of batches of about one size the line does not know it
        self._size = 0  # of the batch in work
        self._began = 0.0
        self._idle_at = clock()
        self._refused_at = -math.inf

    @property
    def batch(self) -> int:
        """How many texts at once. Fewer where a batch takes long: what it gains is less than what those wait who come meanwhile."""
        each, room = self._expected.each, self._allowed(STANDING) - self._expected.start
        return min(self._most, max(1, int(room / each))) if each else self._most

    @property
    def busy_for(self) -> float:
        """Seconds that the batch in work has taken so far; 0 where there is none."""
        return self._clock() - self._began if self._size else 0.0

    def is_too_late(self, before: int) -> bool:
        """Whether a text that has `before` others before it, those in work included, would wait too long."""
        size = self.batch
        stands = before and self._clock() - self._idle_at > self._wait
        return self._remaining() + (before - self._size) // size * self._expected.at(size) > self._allowed(STANDING if stands else 1.0)

    def idle(self) -> None:
        """Nothing waits."""
        now = self._clock()
        if now - self._refused_at > self._wait:
            self._idle_at = now

    def refused(self) -> None:
        """A text was too late."""
        self._refused_at = self._clock()

    @contextmanager
    def timed(self, size: int) -> Iterator[None]:
        """A batch of `size` texts is in work."""
        self._began, self._size = self._clock(), size
        try:
            yield
            self._learn(size, self.busy_for)
        finally:
            self._size = 0

    def _learn(self, size: int, seconds: float) -> None:
        self._expected.add(size, seconds)
        if size == 1:
            self._alone = seconds if self._alone == math.inf else FORGETTING * self._alone + (1 - FORGETTING) * seconds

    def _allowed(self, share: float) -> float:
        return max(share * self._wait, PATIENT * min(self._alone, self._expected.at(1)))

    def _remaining(self) -> float:
        """Of the batch in work. What is overdue for long will be so for as long again: nobody queues before a model that hangs."""
        left = self._expected.at(self._size) - self.busy_for if self._size else 0.0
        return left if left > 0 else max(0.0, -left - HICCUP)
