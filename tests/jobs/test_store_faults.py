"""What happens to the store while pictures are indexed: it is slow, resets, is away, loses what it wrote last, starts anew."""

import asyncio
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from jobs.benchmark.measure import Bench
from jobs.benchmark.questions import continued
from jobs.simulation.points import points
from jobs.simulation.vectors import Simulation
from jobs.stop import Stop
from searchindex.collection import CollectionConfig
from searchindex.stores.qdrant import QdrantStore
from tests.engines import QdrantServer, start_qdrant
from tests.faultproxy import FaultProxy, Faults, Mode
from tests.faults.record import record, scaled
from tests.jobs.processes import content_of, environment, here
from tests.jobs.verification.test_verify import names_in, verify
from tests.pictures import folder_of

FAULTS = {
    "slow": Faults(delay=0.3),
    "refused": Faults(mode=Mode.REFUSE),
    "hung": Faults(mode=Mode.HANG),
    "reset": Faults(mode=Mode.RESET),
    "cut": Faults(reset_after=400),
    "stalled": Faults(stall_after=400),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_bad_line_costs_time_and_no_point(
    fault: str, qdrant_server: QdrantServer, on_server: QdrantStore, collection: str, tmp_path: Path
):
    """F-22, of indexing: the run waits, tries again, and ends as if nothing had been."""
    folder = folder_of(tmp_path / "pictures", 60)
    async with FaultProxy(qdrant_server.grpc_port) as proxy:
        settings = environment(
            qdrant_server, collection, folder, qdrant_grpc_port=proxy.port, index_batch_size=8, qdrant_timeout=1, qdrant_retry_seconds=120
        )
        disturbing = asyncio.create_task(_disturb(proxy, FAULTS[fault]))
        status, job = await here(settings)
        disturbing.cancel()
        with suppress(asyncio.CancelledError):
            await disturbing
    bad = [] if (status, len(job.ledger.entries), await on_server.count()) == (0, 60, 60) else [fault]
    record("F-22", 1, bad)


async def _disturb(proxy: FaultProxy, faults: Faults) -> None:
    """Three times, from the start on."""
    for _ in range(3):
        await proxy.set(faults)
        await asyncio.sleep(1.5)
        await proxy.set(Faults())
        await asyncio.sleep(0.5)


@pytest.fixture
def own_server(qdrant_server: QdrantServer, tmp_path: Path) -> Iterator[QdrantServer]:
    """One whose storage a test may take away; asks for the shared one first, so that both are skipped alike."""
    assert qdrant_server.host
    (tmp_path / "qdrant").mkdir()
    server = start_qdrant(tmp_path / "qdrant")
    yield server
    server.engine.stop()


def crash(server: QdrantServer) -> None:
    assert server.engine.process
    server.engine.process.kill()
    server.engine.process.wait()


@pytest.mark.timeout(600)
async def test_points_that_a_power_cut_took_come_back(own_server: QdrantServer, tmp_path: Path):
    """F-20: the storage is that of a moment ago, as after a node's loss. `verify` finds just the gap, and mends it."""
    folder, rounds, bad = folder_of(tmp_path / "pictures", 40), scaled(2), []
    settings = environment(own_server, "cut", folder, ledger_dir=tmp_path / "ledger", index_batch_size=8)
    storage, aside = own_server.engine.folder / "storage", own_server.engine.folder / "aside"
    store = QdrantStore(own_server.host, collection="cut", http_port=own_server.http_port, grpc_port=own_server.grpc_port)
    assert (await here(settings))[0] == 0
    for number in range(rounds):
        await asyncio.to_thread(own_server.engine.stop)
        shutil.copytree(storage, aside)
        await asyncio.to_thread(own_server.engine.start)
        late = _add(folder, number)
        assert (await here(settings))[0] == 0
        await asyncio.to_thread(crash, own_server)
        shutil.rmtree(storage)
        aside.rename(storage)
        await asyncio.to_thread(own_server.engine.start)
        status, lines = await asyncio.to_thread(verify, settings)
        told = {line["uri"] for line in lines if line.get("kind") == "missing"}
        mended, _ = await asyncio.to_thread(verify, settings, "--repair")
        whole = {payload["file_path"] for payload, _ in (await content_of(store)).values()} == set(names_in(folder))
        bad += [] if (status, told, mended, whole) == (5, late, 0, True) else [(number, status, mended, whole)]
    await store.close()
    record("F-20", rounds, bad)


def _add(folder: Path, number: int) -> set[str]:
    """Pictures that the cut will take."""
    late = {f"late-{number}-{place}.png": folder / name for place, name in enumerate(names_in(folder)[:5])}
    for name, original in late.items():
        shutil.copyfile(original, folder / name)
    return set(late)


@pytest.mark.timeout(1200)
async def test_a_restart_changes_no_recall(own_server: QdrantServer):
    """F-21: killed and started, the graph finds what it found before."""
    size = 20_000 if "FAULT_SCALE" in os.environ else 3000
    simulation, rounds, bad = Simulation(1024), scaled(1), []
    store = QdrantStore(own_server.host, collection="x", http_port=own_server.http_port, grpc_port=own_server.grpc_port, timeout=60)
    config = CollectionConfig(name="x", dim=1024, fingerprint="f", schema={})
    await store.create_for_loading(config)
    await store.upsert(points(simulation, 0, size))
    await store.finish_loading(config)
    bench = Bench(store=store, encoder=None, top_k=10, stop=Stop())
    questions = continued(simulation, stored=size, count=50)
    before = await bench.recall(questions)
    for _ in range(rounds):
        await asyncio.to_thread(crash, own_server)
        await asyncio.to_thread(own_server.engine.start)
        after = await bench.recall(questions)
        bad += [] if abs(after - before) <= 0.001 else [after]
    await store.close()
    record("F-21", rounds, bad, measured=f"recall {before:.3f} of {size:,}")
