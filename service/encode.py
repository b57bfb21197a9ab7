"""Queries to vectors: one thread owns the text tower, and the event loop never runs it.

Identical queries in flight are encoded once, recent ones not at all; what waits while the thread is busy goes in one batch; a
query that nobody waits for any more (the next keystroke came) is never encoded; what would wait too long, or is more than the queue
holds, is refused at once: whoever is taken is answered in time, whatever the load.
"""

import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from observability.meter import NO_METER, Meter
from observability.metrics import ENCODE_BATCH_SIZE, ENCODE_QUEUE_WAIT
from observability.stages import note
from searchindex.errors import Overloaded
from searchindex.ports import TextEncoder
from service.pace import Pace

Vector = NDArray[np.float32]
MAX_BATCH = 8
REMEMBERED = 4096
GIVE_UP = 10.0  # seconds: a model that takes longer hangs


@dataclass(slots=True, eq=False)
class _Wanted:
    text: str
    vector: "asyncio.Future[Vector]"
    listeners: int = 0
    since: float = field(default_factory=time.perf_counter)
    waited: float = 0.0
    in_work: bool = False


class QueryEncoder:
    """Encodes on `thread`, which is its own. Make and close it on the event loop that uses it. `queue`: texts that may wait or be in
    work; `wait`: seconds that one may wait until it is in work.
    """

    def __init__(self, encoder: TextEncoder, thread: ThreadPoolExecutor, *, queue: int, wait: float, meter: Meter = NO_METER) -> None:
        self._encoder, self._thread, self._limit, self._meter = encoder, thread, queue, meter
        self.pace = Pace(wait=wait, most=MAX_BATCH)
        self.outcomes: Counter[str] = Counter()  # of texts, by what became of them
        self._wanted: OrderedDict[str, _Wanted] = OrderedDict()
        self._remembered: OrderedDict[str, Vector] = OrderedDict()
        self._wake = asyncio.Event()
        self._worker = asyncio.create_task(self._work())

    async def encode(self, text: str) -> Vector:
        """float32 [dim]. Overloaded when it would wait too long, or the queue is full."""
        known = self._remembered.get(text)
        if known is not None:
            self._remembered.move_to_end(text)
            self.outcomes["remembered"] += 1
            note("searchindex.encode.remembered", True)
            return known
        wanted = self._joined(text) or self._enqueue(text)
        wanted.listeners += 1
        try:
            async with asyncio.timeout(GIVE_UP):
                vector = await asyncio.shield(wanted.vector)
        except TimeoutError:
            self.outcomes["expired"] += 1
            raise Overloaded("The model takes too long.", retry_after=1, hint="Try again in a moment.") from None
        finally:
            wanted.listeners -= 1
            self._forget_if_abandoned(wanted)
        note("searchindex.encode.wait_seconds", wanted.waited)
        return vector

    @property
    def device(self) -> str:
        return self._encoder.device

    @property
    def waiting(self) -> int:
        return len(self._wanted)

    async def close(self) -> None:
        self._worker.cancel()
        with suppress(asyncio.CancelledError):
            await self._worker

    def _joined(self, text: str) -> _Wanted | None:
        wanted = self._wanted.get(text)
        self.outcomes["coalesced"] += wanted is not None
        return wanted

    def _enqueue(self, text: str) -> _Wanted:
        if not self._wanted:
            self.pace.idle()
        if len(self._wanted) >= self._limit or self.pace.is_too_late(len(self._wanted)):
            self.outcomes["shed"] += 1
            self.pace.refused()
            raise Overloaded("Too many queries are waiting.", retry_after=1, hint="Try again in a moment.")
        wanted = self._wanted[text] = _Wanted(text, asyncio.get_running_loop().create_future())
        self._wake.set()
        return wanted

    def _forget_if_abandoned(self, wanted: _Wanted) -> None:
        if not wanted.listeners and not wanted.in_work and self._wanted.get(wanted.text) is wanted:
            del self._wanted[wanted.text]
            self.outcomes["cancelled"] += 1

    async def _work(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while batch := list(self._wanted.values())[: self.pace.batch]:
                await self._run(batch)

    async def _run(self, batch: Sequence[_Wanted]) -> None:
        if len(batch) == len(self._wanted):
            self.pace.idle()
        loop = asyncio.get_running_loop()
        self._measure(batch)
        try:
            with self.pace.timed(len(batch)):
                rows = await loop.run_in_executor(self._thread, self._encoder.encode_texts, [each.text for each in batch])
        except Exception as error:  # noqa: BLE001  # whatever the model raised belongs to those who wait, not to this loop
            self.outcomes["failed"] += len(batch)
            for each in batch:
                each.vector.set_exception(error)
                each.vector.exception()  # seen: nobody may be waiting any more
        else:
            self.outcomes["encoded"] += len(batch)
            for each, row in zip(batch, rows, strict=True):
                self._remember(each.text, row)
                each.vector.set_result(row)
        for each in batch:
            self._wanted.pop(each.text, None)

    def _measure(self, batch: Sequence[_Wanted]) -> None:
        now = time.perf_counter()
        self._meter.observe(ENCODE_BATCH_SIZE, len(batch))
        for each in batch:
            each.in_work, each.waited = True, now - each.since
            self._meter.observe(ENCODE_QUEUE_WAIT, each.waited)

    def _remember(self, text: str, vector: Vector) -> None:
        self._remembered[text] = vector
        if len(self._remembered) > REMEMBERED:
            self._remembered.popitem(last=False)
