"""The whole program: kopf's watches on an emulated API server, a real Qdrant, health and metrics over HTTP."""

import asyncio
import contextlib
import socket
import threading
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import kmock
import kopf
import pytest

from controller.program import Program
from controller.settings import Settings
from observability.metrics import Program as Kind
from observability.prometheus import PrometheusMeter
from tests.controller.fakes import FakeCluster
from tests.engines import QdrantServer

INDEXES = kmock.resource("searchindex.dev", "v1alpha1", "searchindexes")
NAMESPACE = "shop"


@dataclass
class Running:
    """`cluster` holds what is written; `server` shows what kopf watches."""

    cluster: FakeCluster
    server: Any
    program: Program
    health: str

    async def create(self, name: str, **spec: Any) -> None:
        manifest = {"metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec}
        made = self.cluster.objects.create("searchindexes", NAMESPACE, manifest)
        await self._post(made)

    async def _post(self, manifest: dict[str, Any]) -> None:
        path = f"{self.server.url}/apis/searchindex.dev/v1alpha1/namespaces/{NAMESPACE}/searchindexes"
        async with aiohttp.ClientSession() as session, session.post(path, json=manifest) as answer:
            assert answer.status < 300, await answer.text()

    async def ask(self, path: str) -> tuple[int, str]:
        async with aiohttp.ClientSession() as session, session.get(f"{self.health}{path}") as answer:
            return answer.status, await answer.text()

    def condition(self, name: str, wanted: str) -> tuple[str, str]:
        status = self.cluster.objects.get("searchindexes", NAMESPACE, name).get("status") or {}
        found = next((each for each in status.get("conditions", []) if each["type"] == wanted), {})
        return found.get("status", ""), found.get("reason", "")


async def until(wanted: Callable[[], Any], *, seconds: float = 20.0) -> Any:
    for _ in range(int(seconds / 0.02)):
        if found := wanted():
            return found
        await asyncio.sleep(0.02)
    raise AssertionError(f"not within {seconds} s")


async def until_ready(found: Running) -> None:
    for _ in range(400):
        with contextlib.suppress(aiohttp.ClientError):
            if await found.ask("/readyz") == (200, "ok"):
                return
        await asyncio.sleep(0.05)
    raise AssertionError("not ready")


@asynccontextmanager
async def running() -> AsyncIterator[Running]:
    server = kmock.KubernetesEmulator()
    async with kmock.Server(server):
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # kmock's own, on reading its list
            server.resources.load_bundled()
        server.resources[INDEXES] = {"namespaced": True, "verbs": ["list", "watch", "get"]}
        registry = kopf.OperatorRegistry()

        @kopf.on.login(registry=registry)
        def login(**_: Any) -> kopf.ConnectionInfo:
            return kopf.ConnectionInfo(server=str(server.url))

        cluster = FakeCluster()
        cluster.objects.create("namespaces", "", {"metadata": {"name": NAMESPACE}})
        port = _free_port()
        settings = Settings(health_host="127.0.0.1", health_port=port, pod_namespace=NAMESPACE, workers=2)
        program = Program(settings=settings, cluster=cluster, meter=PrometheusMeter(Kind.CONTROLLER, version="test"), registry=registry)
        thread = threading.Thread(target=asyncio.run, args=(program.run(),), daemon=True)
        thread.start()  # in a loop of its own: kopf ends by waiting for all tasks of its loop, the emulator's among them
        found = Running(cluster, server, program, f"http://127.0.0.1:{port}")
        try:
            await until_ready(found)
            yield found
        finally:
            program.stop.set()
            await asyncio.to_thread(thread.join, 20)
            assert not thread.is_alive(), "it does not end"


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
async def controller() -> AsyncIterator[Running]:
    async with running() as found:
        yield found


async def test_an_event_becomes_a_collection_a_job_and_a_status(controller: Running, qdrant_server: QdrantServer, name: str) -> None:
    """From kopf's watch to Qdrant and back into the status: nothing else pushes."""
    await controller.create(
        name,
        store={"host": qdrant_server.host, "httpPort": qdrant_server.http_port},
        model={"name": "ResNet10-MiniLM/pictograms"},
        sources=[{"name": "photos", "pvc": {"claimName": "photos"}}],
    )
    await until(lambda: controller.condition(name, "CollectionReady") == ("True", "Available"))
    jobs = controller.cluster.objects.listed("jobs", NAMESPACE)
    assert [job["metadata"]["labels"]["searchindex.dev/index"] for job in jobs] == [name]
    reasons = {event["reason"] for event in controller.cluster.objects.listed("events")}
    assert {"RunStarted", "RevisionActive"} <= reasons


async def test_kopf_writes_nothing_into_a_resource(controller: Running, qdrant_server: QdrantServer, name: str) -> None:
    """No annotation, no finalizer, no status of the framework's own."""
    await controller.create(
        name,
        store={"host": qdrant_server.host, "httpPort": qdrant_server.http_port},
        model={"name": "ResNet10-MiniLM/pictograms"},
        sources=[{"name": "photos", "pvc": {"claimName": "photos"}}],
    )
    await until(lambda: controller.condition(name, "CollectionReady")[0] == "True")
    shown = controller.server.objects[INDEXES, NAMESPACE, name]
    assert not shown["metadata"].get("annotations")
    assert not shown["metadata"].get("finalizers")


async def test_health_and_metrics_are_served(controller: Running) -> None:
    """Probes answer, and the metrics are the declared ones."""
    assert await controller.ask("/healthz") == (200, "ok")
    assert await controller.ask("/readyz") == (200, "ok")
    status, metrics = await controller.ask("/metrics")
    assert status == 200
    assert "searchindex_controller_queue_depth" in metrics


async def test_it_holds_the_lease_while_it_runs_and_lets_go_at_its_end() -> None:
    """A successor takes over at once."""
    async with running() as found:
        await until(lambda: _holder(found.cluster) == "searchindex-controller")
        cluster = found.cluster
    assert _holder(cluster) == ""


def _holder(cluster: FakeCluster) -> str:
    leases = cluster.objects.listed("leases", NAMESPACE)
    return str(leases[0]["spec"]["holderIdentity"]) if leases else ""
