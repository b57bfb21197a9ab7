"""Filling a collection as fast as it takes points: batches are made on threads while others are on their way."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from jobs.patience import Patience
from jobs.simulation.points import points
from jobs.simulation.vectors import Simulation
from jobs.stop import Stop
from searchindex.ports import VectorStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """`count` points of `simulation` for `store`, `parallel` batches of `batch` at once. `progress` is called with how many are stored."""

    simulation: Simulation
    count: int
    batch: int
    parallel: int
    store: VectorStore
    patience: Patience
    stop: Stop
    progress: Callable[[int], None]


async def load(work: Load) -> float:
    """Seconds until all of them are stored. Interrupted between two batches; a second run stores the same points again."""
    began, stored = time.perf_counter(), 0
    batches = _batches(work.count, work.batch)

    async def take() -> None:
        nonlocal stored
        for first, count in batches:
            work.stop.check()
            made = await asyncio.to_thread(points, work.simulation, first, count)
            await work.patience(partial(work.store.upsert, made))
            stored += count
            work.progress(stored)

    taking = [asyncio.create_task(take()) for _ in range(work.parallel)]
    try:
        await asyncio.gather(*taking)
    finally:
        for each in taking:
            each.cancel()
    return time.perf_counter() - began


def _batches(count: int, size: int) -> Iterator[tuple[int, int]]:
    return ((first, min(size, count - first)) for first in range(0, count, size))
