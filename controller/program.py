"""The composition root: settings in, a running controller out. Watches -> mirror -> queue -> reconcile; the lease says when to act."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import kopf

from controller.apply import ActionApplier
from controller.audit import Audit
from controller.handlers import log_in, watch, watching_settings
from controller.health import serve_health
from controller.heartbeat import Heartbeat
from controller.instruments import Instruments
from controller.kubernetes import KubernetesCluster
from controller.leader import Leader
from controller.mirror import Mirror
from controller.observe import ClusterObserver
from controller.observed import Defaults, Key
from controller.ports import Cluster
from controller.progress import Progress
from controller.reconcile import Reconciler
from controller.settings import Settings
from controller.stores import Stores
from controller.work_queue import WorkQueue
from observability.prometheus import PrometheusMeter

logger = logging.getLogger(__name__)

SILENCE = 90.0  # seconds that a heartbeat may be under way before the watches count as dead


@dataclass(slots=True, kw_only=True)
class Program:
    """Everything that runs in one controller process. `login`: for tests; else the pod's service account, or KUBECONFIG."""

    settings: Settings
    cluster: Cluster
    meter: PrometheusMeter
    registry: kopf.OperatorRegistry = field(default_factory=kopf.OperatorRegistry)
    watching: asyncio.Event = field(default_factory=asyncio.Event)
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Until `stop` is set or a signal comes. LeaseLost, or what kopf raises."""
        async with AsyncExitStack() as stack:
            stores = Stores(self.cluster)
            stack.push_async_callback(stores.close)
            progress = Progress(self.cluster, port=self._defaults().progress_port)
            stack.push_async_callback(progress.close)
            mirror, queue = Mirror(), WorkQueue(resync=self.settings.resync_seconds)
            leader, audit = self._leader(), Audit(cluster=self.cluster, mirror=mirror, wake=queue.add)
            heartbeat = Heartbeat(cluster=self.cluster, mirror=mirror, holds=leader.holds, monotonic=time.monotonic, wall=_now)
            instruments = Instruments(meter=self.meter, queue=queue, watch_age=heartbeat.silence)
            observer = ClusterObserver(cluster=self.cluster, mirror=mirror, stores=stores, progress=progress)
            reconciler = Reconciler(
                cluster=self.cluster,
                observer=observer,
                applier=ActionApplier(self.cluster, stores),
                defaults=self._defaults(),
                now=_now,
            )
            log_in(self.registry)
            watch(self.registry, mirror, wake=queue.add, seen=heartbeat.returned, gone=queue.forget)
            await stack.enter_async_context(self._health(heartbeat, audit))
            turn = Turn(leader=leader, reconciler=reconciler, instruments=instruments)
            stack.push_async_callback(leader.release)
            await self._tasks([leader.run(), audit.run(), heartbeat.run(), *(queue.work(turn) for _ in range(self.settings.workers))])

    async def _tasks(self, endless: Iterable[Coroutine[None, None, None]]) -> None:
        """The first task to end ends all: kopf by a signal, the leader by losing its lease."""
        background = [asyncio.create_task(each) for each in endless]
        watches = asyncio.create_task(self._watch())
        try:
            done, _ = await asyncio.wait([watches, *background], return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.stop.set()
            for task in background:
                task.cancel()
            await asyncio.gather(watches, *background, return_exceptions=True)
        for task in done:
            task.result()

    async def _watch(self) -> None:
        await kopf.operator(
            registry=self.registry,
            settings=watching_settings(clusterwide=not self.settings.namespaces),
            standalone=True,
            clusterwide=not self.settings.namespaces,
            namespaces=self.settings.namespaces,
            stop_flag=self.stop,
            ready_flag=self.watching,
        )

    def _leader(self) -> Leader:
        return Leader(
            cluster=self.cluster,
            namespace=self.settings.pod_namespace,
            name=self.settings.lease_name,
            identity=self.settings.pod_name,
            monotonic=time.monotonic,
            wall=lambda: datetime.now(UTC),  # with microseconds: a Lease's times are MicroTime
        )

    def _defaults(self) -> Defaults:
        return Defaults(
            indexer_image=self.settings.indexer_image,
            indexer_gpu_image=self.settings.indexer_gpu_image,
            image_pull_policy=self.settings.indexer_pull_policy,
            delete_timeout_seconds=self.settings.delete_timeout_seconds,
            otlp_endpoint=self.settings.otel_exporter_otlp_endpoint,
        )

    @asynccontextmanager
    async def _health(self, heartbeat: Heartbeat, audit: Audit) -> AsyncIterator[None]:
        def alive() -> str:
            if heartbeat.silence() > SILENCE:
                return f"The heartbeat has not come back through the watch for {heartbeat.silence():.0f} s."
            return "" if audit.trusted else "The watch of SearchIndexes misses changes again and again."

        def ready() -> str:
            return "" if self.watching.is_set() else "The watches have not begun yet."

        runner = await serve_health(
            host=self.settings.health_host,
            port=self.settings.health_port,
            alive=alive,
            ready=ready,
            exposition=self.meter.exposition,
        )
        try:
            yield
        finally:
            await runner.cleanup()


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One worker's turn at one key: wait for the lease, reconcile, count."""

    leader: Leader
    reconciler: Reconciler
    instruments: Instruments

    async def __call__(self, key: Key) -> float | None:
        await self.leader.holds.wait()
        with self.instruments.reconcile(key) as seen:
            outcome = await self.reconciler.reconcile(key)
            seen.status = outcome.status
        return outcome.again


async def run(settings: Settings, meter: PrometheusMeter) -> None:
    """The whole program; ends on SIGTERM."""
    cluster = KubernetesCluster(namespaces=settings.namespaces)
    try:
        await Program(settings=settings, cluster=cluster, meter=meter).run()
    finally:
        await cluster.close()


def _now() -> datetime:
    """To the second, as Kubernetes writes times: what is read back is what was written."""
    return datetime.now(UTC).replace(microsecond=0)
