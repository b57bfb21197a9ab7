"""`python -m jobs simulate`: a collection of made-up vectors, filled first and built afterwards."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol

from jobs.concluding import Conclusion, conclude
from jobs.lines import say
from jobs.opening import opened_store
from jobs.patience import Patience
from jobs.shared_settings import read
from jobs.simulation.load import Load, load
from jobs.simulation.settings import SimulationSettings
from jobs.simulation.vectors import Simulation
from jobs.stop import Stop
from searchindex.collection import CollectionConfig, FieldType
from searchindex.extras import extra
from searchindex.ports import VectorStore

SCHEMA = {"category": FieldType.KEYWORD, "width": FieldType.INTEGER, "height": FieldType.INTEGER}
SAYING = 10.0  # seconds between two lines of progress
UNIFORM = (
    "Uniform directions have no neighbours: what recall and latency are measured on them say nothing of pictures. "
    "Leave --uniform out to simulate what an encoder makes."
)


class Loadable(VectorStore, Protocol):
    """A store that can be filled first and built afterwards."""

    async def create_for_loading(self, config: CollectionConfig) -> None: ...

    async def finish_loading(self, config: CollectionConfig) -> None: ...


def run(given: dict[str, Any]) -> int:
    async def work(stop: Stop) -> Conclusion:
        return Conclusion(await _simulate(read(SimulationSettings, given), stop))

    return conclude(work)


async def _simulate(settings: SimulationSettings, stop: Stop) -> dict[str, Any]:
    if settings.simulate_uniform:
        say("warning", message=UNIFORM)
    simulation = Simulation(settings.simulate_dim, settings.simulate_seed, uniform=settings.simulate_uniform)
    config = _config(settings)
    async with _opened(settings) as store:
        patience = Patience(budget=settings.qdrant_retry_seconds, sleep=stop.sleep)
        await patience(lambda: store.create_for_loading(config))
        seconds = await load(
            Load(
                simulation=simulation,
                count=settings.simulate_points,
                batch=settings.simulate_batch,
                parallel=settings.simulate_parallel,
                store=store,
                patience=patience,
                stop=stop,
                progress=_Saying(settings.simulate_points),
            )
        )
        building = await _built(store, config, stop) if settings.simulate_build else None
        return await _summary(store, settings, seconds, building)


async def _built(store: Loadable, config: CollectionConfig, stop: Stop) -> float:
    """Seconds. Whoever asks to stop need not wait: the server goes on building."""
    began = time.perf_counter()
    say("building")
    await stop.unless(store.finish_loading(config))
    return time.perf_counter() - began


async def _summary(store: Loadable, settings: SimulationSettings, seconds: float, building: float | None) -> dict[str, Any]:
    state = await store.state()
    return {
        "collection": settings.qdrant_collection if settings.simulate_folder is None else str(settings.simulate_folder),
        "structured": not settings.simulate_uniform,
        "seed": settings.simulate_seed,
        "dim": settings.simulate_dim,
        "points": state.points if state else 0,
        "indexed": state.indexed if state else 0,
        "status": state.status if state else "missing",
        "loading_seconds": round(seconds, 1),
        "points_per_second": round(settings.simulate_points / seconds),
        "building_seconds": None if building is None else round(building, 1),
    }


def _config(settings: SimulationSettings) -> CollectionConfig:
    return CollectionConfig(
        name=settings.qdrant_collection,
        dim=settings.simulate_dim,
        fingerprint=settings.simulate_fingerprint or f"simulated-{settings.simulate_seed}",
        schema=SCHEMA,
        on_disk=settings.simulate_on_disk,
        build_threads=settings.simulate_build_threads,
    )


@asynccontextmanager
async def _opened(settings: SimulationSettings) -> AsyncIterator[Loadable]:
    if settings.simulate_folder is None:
        async with opened_store(settings) as server:
            yield server
        return
    with extra("jobs"):
        from searchindex.stores.edge import EdgeStore  # noqa: PLC0415  # not in the images: their store is a server
    embedded = EdgeStore(settings.simulate_folder)
    try:
        yield embedded
    finally:
        await embedded.close()


class _Saying:
    """Progress in lines, not too many."""

    def __init__(self, total: int) -> None:
        self._total, self._began, self._last = total, time.monotonic(), time.monotonic()

    def __call__(self, stored: int) -> None:
        now = time.monotonic()
        if now - self._last >= SAYING or stored == self._total:
            self._last = now
            say("progress", total=self._total, stored=stored, points_per_second=round(stored / (now - self._began)))
