"""A SearchIndex's whole life over the fakes, with a controller that can be killed before or after any of its writes."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from controller.apply import ActionApplier
from controller.mirror import Mirror
from controller.observe import ClusterObserver
from controller.observed import Defaults, Key
from controller.progress import Progress
from controller.reconcile import Outcome, Reconciler
from tests.controller.fakes import FakeCluster, FakeCollectionStore, OneStore
from tests.controller.objects import Objects

KEY = Key("shop", "photos")
WRITES = {
    *("apply_job", "delete_job", "expire_job", "set_finalizers", "set_status", "record_event"),
    *("create", "change", "stamp", "point_alias", "drop_alias", "drop"),
}
START = datetime(2026, 1, 1, tzinfo=UTC)


class Killed(BaseException):
    """kill -9: no handler of the controller's may run."""


@dataclass(eq=False)
class Mortal:
    """Passes calls on; counts those that write; kills before or after the one that it is told."""

    inner: Any
    life: "Life"

    def __getattr__(self, name: str) -> Any:
        act = getattr(self.inner, name)
        if name not in WRITES:
            return act

        async def write(*args: Any, **kwargs: Any) -> Any:
            self.life.writes.append(name)
            at = len(self.life.writes) == self.life.kill_at
            if at and not self.life.kill_after:
                raise Killed
            done = await act(*args, **kwargs)
            if at:
                raise Killed
            return done

        return write


@dataclass
class Life:
    """`kill_at`: the number of the write, from 1; 0 for a long life."""

    kill_at: int = 0
    kill_after: bool = False
    cluster: FakeCluster = field(default_factory=FakeCluster)
    store: FakeCollectionStore = field(default_factory=FakeCollectionStore)
    writes: list[str] = field(default_factory=list)
    now: datetime = START
    deaths: int = 0

    def __post_init__(self) -> None:
        self.cluster.objects.create("namespaces", "", {"metadata": {"name": KEY.namespace}})
        self.controller = self._born()

    # ---- people

    def apply(self, **changes: Any) -> None:
        smallest: dict[str, Any] = {
            "store": {"host": "qdrant"},
            "model": {"name": "ResNet10-MiniLM/pictograms"},
            "sources": [{"name": "photos", "pvc": {"claimName": "photos"}}],
        }
        objects = self.cluster.objects
        try:
            there = objects.get("searchindexes", *self.place)
            objects.merge("searchindexes", *self.place, {"spec": there["spec"] | changes})
        except Exception:  # noqa: BLE001  # it is new
            objects.create("searchindexes", KEY.namespace, {"metadata": {"name": KEY.name}, "spec": smallest | changes})

    def delete(self) -> None:
        self.cluster.objects.delete("searchindexes", *self.place)

    place = (KEY.namespace, KEY.name)

    # ---- the cluster

    def finish_jobs(self) -> None:
        """Every Job's pods do their work, as a kubelet would have it."""
        for job in self.cluster.objects.listed("jobs"):
            if (job.get("status") or {}).get("conditions") or "deletionTimestamp" in job["metadata"]:
                continue
            status = {"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}], "completionTime": "2026-01-01T00:01:00Z"}
            self.cluster.objects.set_status("jobs", KEY.namespace, job["metadata"]["name"], status)
            revision = int(job["metadata"]["labels"]["searchindex.dev/revision"])
            for name, each in self.store.collections.items():
                if each.owner.revision == revision:
                    self.store.collections[name] = replace(each, points=100, indexed=100)

    def collect_garbage(self) -> None:
        """What the garbage collector removes: Jobs in foreground deletion, and those whose owner is gone."""
        collect(self.cluster.objects)

    # ---- the controller

    async def settle(self, looks: int = 12) -> None:
        """Look until two looks in a row write nothing; a controller that was killed is started again."""
        quiet = 0
        for _ in range(looks):
            before = len(self.writes)
            await self._look()
            self.collect_garbage()
            quiet = quiet + 1 if len(self.writes) == before else 0
            if quiet == 2:
                return
            self.now += timedelta(seconds=10)
        raise AssertionError(f"not settled: {self.writes[-6:]}")

    async def _look(self) -> Outcome | None:
        try:
            return await self.controller().reconcile(KEY)
        except Killed:
            self.deaths += 1
            self.controller = self._born()
            return None

    def _born(self) -> Callable[[], Reconciler]:
        """A new process: everything that a controller keeps in memory is gone. Each look sees what the watch would have shown."""
        cluster: Any = Mortal(self.cluster, self)
        stores = OneStore(Mortal(self.store, self))  # type: ignore[arg-type]  # it passes every call on
        progress = Progress(cluster, port=8080)

        def controller() -> Reconciler:
            mirror = Mirror()
            for manifest in self.cluster.objects.listed("searchindexes"):
                mirror.saw_index(manifest)
            for job in self.cluster.objects.listed("jobs"):
                mirror.saw_job(job)
            return Reconciler(
                cluster=cluster,
                observer=ClusterObserver(cluster=cluster, mirror=mirror, stores=stores, progress=progress),
                applier=ActionApplier(cluster, stores),
                defaults=Defaults(indexer_image="jobs:test"),
                now=lambda: self.now,
            )

        return controller

    # ---- what is left in the end

    def remains(self) -> dict[str, Any]:
        """Everything that matters, without times, counters of versions and Events."""
        indexes = [
            (each["spec"], sorted(each["metadata"].get("finalizers") or []), _said(each.get("status") or {}))
            for each in self.cluster.objects.listed("searchindexes")
        ]
        jobs = [(each["metadata"]["name"], each["spec"]) for each in self.cluster.objects.listed("jobs")]
        return {"indexes": indexes, "jobs": jobs, "collections": dict(self.store.collections), "aliases": dict(self.store.alias)}


def collect(objects: Objects) -> None:
    """Objects whose owner is gone go too."""
    alive = {each["metadata"]["uid"] for each in objects.listed("searchindexes")}
    for job in objects.listed("jobs"):
        if not {owner["uid"] for owner in job["metadata"].get("ownerReferences", [])} & alive:
            objects.delete("jobs", KEY.namespace, job["metadata"]["name"])


def _said(status: dict[str, Any]) -> dict[str, Any]:
    conditions = {each["type"]: (each["status"], each["reason"]) for each in status.get("conditions", [])}
    revisions = {name: (status.get(name) or {}).get("collection") for name in ("active", "candidate")}
    return {"conditions": conditions, **revisions, "history": [each["collection"] for each in status.get("history", [])]}
