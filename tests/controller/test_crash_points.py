"""A controller that dies right before or right after any of its writes: the next one ends where an undisturbed one does."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from controller.apply import ActionApplier
from controller.mirror import Mirror
from controller.observe import ClusterObserver
from controller.observed import Key
from controller.progress import Progress
from controller.reconcile import Reconciler
from tests.controller.fakes import FakeCluster, FakeCollectionStore, OneStore
from tests.controller.suite.test_cluster import an_index
from tests.controller.world import DEFAULTS, START

KEY = Key("shop", "products")
WRITES = {"apply_job", "delete_job", "expire_job", "set_finalizers", "set_status", "record_event"}
WRITES |= {"create", "change", "stamp", "point_alias", "drop_alias", "drop"}
LOOKS = 40


class Killed(Exception):
    """SIGKILL."""


class Place:
    """A cluster and a store that outlive the controllers which `look`. `after`: writes until one is killed; None: none is."""

    def __init__(self) -> None:
        self.cluster, self.store, self.now = FakeCluster(), FakeCollectionStore(), START
        self.cluster.objects.create("namespaces", "", {"metadata": {"name": "shop"}})
        self.cluster.objects.create("searchindexes", "shop", an_index() | {"spec": an_index()["spec"] | {"reclaimPolicy": "Delete"}})
        self.cluster.before_call = self.store.before_call = self._count
        self.left: int | None = None
        self.writes = 0

    async def settle(self) -> None:
        """Looks until a look changes nothing; a controller that was killed is followed by another."""
        for _ in range(LOOKS):
            before = self.snapshot()
            self.now += timedelta(seconds=30)
            killed = await self.look()
            if self.snapshot() == before and not killed:
                return
        raise AssertionError(f"not settled: {before}")

    async def look(self) -> bool:
        """One reconcile of a controller that has just started; whether it was killed."""
        mirror = Mirror()
        for index in self.cluster.objects.listed("searchindexes"):
            mirror.saw_index(index)
        for job in self.cluster.objects.listed("jobs"):
            mirror.saw_job(job)
        progress = Progress(self.cluster, port=1)
        stores = OneStore(self.store)
        observer = ClusterObserver(cluster=self.cluster, mirror=mirror, stores=stores, progress=progress)
        applier = ActionApplier(self.cluster, stores)
        reconciler = Reconciler(cluster=self.cluster, observer=observer, applier=applier, defaults=DEFAULTS, now=lambda: self.now)
        try:
            await reconciler.reconcile(KEY)
        except Killed:
            return True
        return False

    def finish_jobs(self) -> None:
        """What the Job controller and the pods do."""
        for job in self.cluster.objects.listed("jobs"):
            done = {"type": "Complete", "status": "True", "lastTransitionTime": "2026-01-01T00:10:00Z"}
            self.cluster.objects.set_status("jobs", "shop", job["metadata"]["name"], {"succeeded": 1, "conditions": [done]})

    def change_model(self) -> None:
        self.cluster.objects.merge("searchindexes", "shop", "products", {"spec": {"vectors": {"onDisk": True}}})

    def delete(self) -> None:
        self.now = START  # when the cluster's objects say that they were deleted
        self.cluster.objects.delete("searchindexes", "shop", "products")

    def snapshot(self) -> Any:
        """Everything but times, versions and events: an event may be told twice."""
        kinds = {kind: [_plain(each) for each in self.cluster.objects.listed(kind)] for kind in ("searchindexes", "jobs")}
        return json.loads(
            json.dumps(kinds | {"alias": self.store.alias, "collections": sorted(map(repr, self.store.collections.values()))})
        )

    def _count(self, name: str) -> None:
        if name not in WRITES:
            return
        self.writes += 1
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                self.left = None
                raise Killed


async def create(place: Place) -> None:
    await place.settle()
    place.finish_jobs()
    await place.settle()


async def update(place: Place) -> None:
    place.change_model()
    await create(place)


async def delete(place: Place) -> None:
    place.delete()
    await place.settle()


Story = Callable[[Place], Any]
STORIES: list[tuple[list[Story], Story]] = [([], create), ([create], update), ([create, update], delete)]


@pytest.mark.parametrize(("before", "story"), STORIES, ids=["create", "update", "delete"])
async def test_every_write_may_be_the_last(before: list[Story], story: Story) -> None:
    """Killed before the n-th write, for every n, it converges to the same objects."""

    async def told(kill_at: int | None) -> tuple[Any, int]:
        place = Place()
        for each in before:
            await each(place)
        place.writes, place.left = 0, kill_at
        await story(place)
        return place.snapshot(), place.writes

    undisturbed, writes = await told(None)
    assert writes > 2
    for kill_at in range(writes):
        assert (await told(kill_at))[0] == undisturbed, f"killed before write {kill_at + 1}"


def _plain(manifest: dict[str, Any]) -> Any:
    """Without what differs between two runs that come to the same end."""
    if isinstance(manifest, dict):
        passing = {"resourceVersion", "generation", "uid", "observedGeneration", "creationTimestamp", "heartbeatTime"}
        return {k: _plain(v) for k, v in manifest.items() if k not in passing and not k.lower().endswith("time")}
    return [_plain(each) for each in manifest] if isinstance(manifest, list) else manifest
