"""Searching the embedded engine: the graph over int8 with rescoring against comparing with every vector."""

import asyncio
import shutil
import time
from collections.abc import Sequence
from functools import partial

import numpy as np

from bench.benchmark import Benchmark, Sampler, Setup
from bench.figures import Figure, Of, Round, Sample, median_of, ratio_of
from bench.vectors import Rows, cloud, nearest, recall
from searchindex.collection import CollectionConfig
from searchindex.points import PointId
from searchindex.ports import Point, Query
from searchindex.stores.edge import EdgeStore

COUNT, DIM, ASKED, TOP = 20_000, 256, 200, 10
GRAPH, EXACT = "graph", "exact"
MS = 1000.0
BUILT = 0.99  # share of the vectors that must be in the graph


def prepare(setup: Setup) -> None:
    """One index, built once and copied: two processes cannot have the same one open, and both arms must search the same."""
    asyncio.run(_build(setup))
    for arm in (GRAPH, EXACT):
        shutil.copytree(setup.folder / "built", setup.folder / arm)


async def _build(setup: Setup) -> None:
    store = EdgeStore(setup.folder / "built")
    await store.create(CollectionConfig(name="bench", dim=DIM, fingerprint="bench"))
    rows = cloud(COUNT, ASKED, dim=DIM).stored
    await store.upsert([Point(PointId(number), row, {"category": f"c{number % 9}"}) for number, row in enumerate(rows)])
    await store.optimize()
    state = await store.state()
    await store.close()
    if state is None or state.indexed < BUILT * COUNT:
        raise RuntimeError(f"the graph was not built: {state}")


def open_arm(setup: Setup, *, arm: str) -> Sampler:
    made = cloud(COUNT, ASKED, dim=DIM)
    truth = nearest(made.stored, made.asked, count=TOP)
    store, runner = EdgeStore(setup.folder / arm), asyncio.Runner()
    asked = made.asked[: ASKED // 4] if setup.quick else made.asked

    def sample() -> Sample:
        times, found = runner.run(_search(store, asked, exact=arm == EXACT))
        return {"ms": times, "recall": [recall(found, truth[: len(asked)])]}

    return sample


async def _search(store: EdgeStore, asked: Rows, *, exact: bool) -> tuple[list[float], list[list[int]]]:
    """One after another, as one person asks: the time of each in milliseconds, and what was found."""
    times: list[float] = []
    found: list[list[int]] = []
    for row in asked:
        began = time.perf_counter()
        (hits,) = await store.search([Query(vector=np.asarray(row), limit=TOP, exact=exact)])
        times.append(MS * (time.perf_counter() - began))
        found.append([hit.id for hit in hits])
    return times, found


def figures(rounds: Sequence[Round]) -> list[Figure]:
    p95 = 0.95
    return [
        ratio_of("exact / graph, P50", rounds, Of(EXACT, "ms"), Of(GRAPH, "ms")),
        ratio_of("exact / graph, P95", rounds, Of(EXACT, "ms", p95), Of(GRAPH, "ms", p95)),
        median_of("graph, recall@10", rounds, Of(GRAPH, "recall")),
        median_of("exact, recall@10", rounds, Of(EXACT, "recall")),
        median_of("graph, P50", rounds, Of(GRAPH, "ms"), unit="ms"),
        median_of("graph, P95", rounds, Of(GRAPH, "ms", p95), unit="ms"),
        median_of("exact, P50", rounds, Of(EXACT, "ms"), unit="ms"),
        median_of("exact, P95", rounds, Of(EXACT, "ms", p95), unit="ms"),
    ]


BENCHMARK = Benchmark(
    name="search",
    compares=f"The embedded engine on {COUNT:,} clustered vectors of {DIM}: HNSW over int8 (ef 128, rescored) against comparing with all.",
    rounds=16,
    prepare=prepare,
    arms={arm: partial(open_arm, arm=arm) for arm in (GRAPH, EXACT)},
    figures=figures,
)
