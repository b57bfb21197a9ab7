"""Pictures from strangers are decoded where it does no harm: in processes that may use little and are ended when they take too long.

A file can crash a decoder written in C, or make it use all memory; here that costs one process and one 422. None is started before
the first picture. Pictures of one's own folder are decoded by `decode` itself, in threads.
"""

import asyncio
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from searchindex.catalogue import ImageCard
from searchindex.errors import InvalidImage, Overloaded
from searchindex.images.decoder_process import CHILD, DecoderProcess, Terms

Pixels = NDArray[np.float32]
DIED = frozenset({"decoder-crashed", "took-too-long"})


class DecoderPool:
    """`processes` decode at once, each fed by a thread of its own; `waiting` more pictures may wait for them, `patience` seconds each.

    Safe to use from any thread. `died`: how many processes crashed or were ended, one picture each.
    """

    def __init__(
        self,
        card: ImageCard,
        *,
        processes: int = 1,
        waiting: int = 8,
        patience: float = 5.0,
        terms: Terms | None = None,
        command: Sequence[str] = CHILD,
    ) -> None:
        self._card, self._terms, self._command = card, terms or Terms(), command
        self._patience = patience
        self._threads = ThreadPoolExecutor(processes, "decode")
        self._room = threading.Semaphore(processes + waiting)
        self._mine = threading.local()
        self._running: set[DecoderProcess] = set()
        self.died = 0

    @property
    def pids(self) -> list[int]:
        """Of the processes that run now: none before the first picture."""
        return [process.pid for process in tuple(self._running)]

    async def pixels(self, content: bytes) -> Pixels:
        """float32 [3, size, size] of one picture's bytes, prepared as those of the index are.

        InvalidImage as `decode`, or of one of the reasons `DIED`. Overloaded at once where too many wait. A cancelled call that still
        waits costs nothing.
        """
        return await asyncio.wrap_future(self.submit(content))

    def submit(self, content: bytes) -> "Future[Pixels]":
        """The same for programs without an event loop; Overloaded is raised here where too many wait, all else by the future."""
        if not self._room.acquire(blocking=False):
            raise Overloaded("Too many pictures are waiting.", retry_after=1, hint="Try again in a moment.")
        future = self._threads.submit(self._decode, content, time.monotonic())
        future.add_done_callback(lambda _done: self._room.release())
        return future

    def close(self) -> None:
        """End all processes, also those at work; whoever still waits is told so by CancelledError or `decoder-crashed`."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for process in tuple(self._running):
            process.kill()
        self._threads.shutdown(wait=True)
        for process in self._running:
            process.close()
        self._running.clear()

    def _decode(self, content: bytes, asked: float) -> Pixels:
        if time.monotonic() - asked > self._patience:
            raise Overloaded("Pictures take too long at the moment.", retry_after=5, hint="Try again in a moment.")
        process = self._process()
        try:
            return process.pixels(content)
        except InvalidImage as error:
            if error.reason in DIED:
                self.died += 1
                self._end(process)
            raise

    def _process(self) -> DecoderProcess:
        """The one that belongs to this thread, or a new one."""
        process: DecoderProcess | None = getattr(self._mine, "process", None)
        if process is not None and process.worn:
            self._end(process)
            process = None
        if process is None:
            process = self._mine.process = DecoderProcess(self._card, self._terms, command=self._command)
            self._running.add(process)
        return process

    def _end(self, process: DecoderProcess) -> None:
        self._mine.process = None
        self._running.discard(process)
        process.close()
