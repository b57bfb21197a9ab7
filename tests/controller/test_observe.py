"""What a look sees, and what it costs."""

from dataclasses import replace
from typing import Any

import pytest

from controller.actions import PointAlias
from controller.kubernetes import LABEL_JOB
from controller.mirror import Mirror
from controller.observe import LISTING_SECONDS, ClusterObserver
from controller.observed import JobView, Key
from controller.ports import StoreError
from controller.progress import Progress
from searchindex.errors import InvalidInput
from tests.controller.fakes import FakeCluster, FakeCollectionStore, OneStore
from tests.controller.suite.test_cluster import a_job, an_index
from tests.controller.suite.test_collection_store import OWNER, wanted
from tests.controller.test_pods import ended, said

KEY = Key("shop", "products")


class Place:
    """A cluster, a store, a mirror, and a clock."""

    def __init__(self, **changes: Any) -> None:
        self.cluster, self.store, self.mirror, self.now = FakeCluster(), FakeCollectionStore(), Mirror(), 0.0
        self.cluster.objects.create("namespaces", "", {"metadata": {"name": "shop"}})
        self.cluster.objects.create("searchindexes", "shop", an_index() | changes)
        self.mirror.saw_index(self.manifest)
        self.calls: list[str] = []
        self.cluster.before_call = self.store.before_call = self.calls.append
        progress = Progress(self.cluster, port=1, clock=self.clock)
        self.observer = ClusterObserver(
            cluster=self.cluster, mirror=self.mirror, stores=OneStore(self.store), progress=progress, clock=self.clock
        )

    def clock(self) -> float:
        return self.now

    @property
    def manifest(self) -> dict[str, Any]:
        return self.cluster.objects.get("searchindexes", "shop", "products")

    def delete(self, *, reclaim: str = "Delete") -> None:
        self.cluster.objects.merge("searchindexes", "shop", "products", {"metadata": {"finalizers": ["searchindex.dev/collections"]}})
        self.cluster.objects.merge("searchindexes", "shop", "products", {"spec": {"reclaimPolicy": reclaim}})
        self.cluster.objects.delete("searchindexes", "shop", "products")
        self.mirror.saw_index(self.manifest)


async def test_an_idle_look_costs_one_question_to_the_store() -> None:
    """The API server is not asked at all, and the lists are shared by all who look within a moment."""
    place = Place()
    await place.store.create(wanted("products-r1-0a1b2c3d"))
    await place.observer.observe(KEY, fresh=False)
    place.calls.clear()
    for _ in range(3):
        await place.observer.observe(KEY, fresh=False)
    assert place.calls == ["collection"] * 3
    place.now += LISTING_SECONDS
    await place.observer.observe(KEY, fresh=False)
    assert sorted(place.calls[3:]) == ["aliases", "collection", "collection_names"]


async def test_a_fresh_look_reads_everything_again() -> None:
    """What is acted upon is never from memory."""
    place = Place()
    await place.observer.observe(KEY, fresh=True)
    place.cluster.objects.merge("searchindexes", "shop", "products", {"metadata": {"annotations": {"a": "b"}}})
    await place.store.create(wanted("products-r1-0a1b2c3d"))
    place.cluster.objects.apply("jobs", "shop", "products-r1-0a1b2c3d", a_job())
    seen = await place.observer.observe(KEY, fresh=True)
    assert seen is not None
    assert (seen.resource.annotations, set(seen.store.collections), len(seen.jobs)) == ({"a": "b"}, {"products-r1-0a1b2c3d"}, 1)
    stale = await place.observer.observe(KEY, fresh=False)
    assert stale is not None
    assert (stale.resource.annotations, stale.jobs) == ({}, ())


async def test_only_the_indexs_own_collections_are_looked_at() -> None:
    """Its revisions, what its alias points to, and what has its alias's name; not those of `products-rare`."""
    place = Place()
    names = ["products-r1-0a1b2c3d", "products-r12-ffffffff", "products-rare-r1-0a1b2c3d", "products-r1", "old", "others"]
    for name in names:
        await place.store.create(wanted(name))
    await place.store.point_alias(PointAlias(alias="products", collection="old"))
    seen = await place.observer.observe(KEY, fresh=True)
    assert seen is not None
    assert sorted(seen.store.collections) == ["old", "products-r1-0a1b2c3d", "products-r12-ffffffff"]
    assert (seen.store.alias_target, seen.store.collections["old"].owner) == ("old", OWNER)


async def test_a_store_in_trouble_is_what_is_seen() -> None:
    """Not an error: the status has to say it."""
    place = Place()
    place.store.failing = StoreError("No such name.", reason="StoreUnreachable", gone=True)
    seen = await place.observer.observe(KEY, fresh=True)
    assert seen is not None
    assert seen.store.problem is not None
    assert (seen.store.problem.reason, seen.store.problem.message, seen.store.problem.gone) == ("StoreUnreachable", "No such name.", True)


async def test_there_may_be_no_such_index() -> None:
    """It was deleted while its key waited in the queue."""
    place = Place()
    assert await place.observer.observe(replace(KEY, name="gone"), fresh=False) is None
    assert await place.observer.observe(replace(KEY, name="gone"), fresh=True) is None


async def test_a_spec_that_cannot_be_read_is_an_error() -> None:
    """Reported once, by whoever asked."""
    place = Place()
    place.cluster.objects.merge("searchindexes", "shop", "products", {"spec": {"store": {"httpPort": "x"}}})
    with pytest.raises(InvalidInput):
        await place.observer.observe(KEY, fresh=True)


async def test_a_retained_collection_is_not_looked_at_when_its_index_goes() -> None:
    """Deleting with Retain works without a store."""
    place = Place()
    place.delete(reclaim="Retain")
    seen = await place.observer.observe(KEY, fresh=True)
    assert seen is not None
    assert not {"aliases", "collection_names", "collection"} & set(place.calls)


async def test_a_namespace_is_asked_after_only_for_a_deletion() -> None:
    """Nothing is waited for in a namespace that goes away."""
    place = Place()
    await place.observer.observe(KEY, fresh=True)
    assert "namespace_terminating" not in place.calls
    place.delete()
    place.cluster.objects.merge("namespaces", "", "shop", {"metadata": {"finalizers": ["kubernetes"]}})
    place.cluster.objects.delete("namespaces", "", "shop")
    seen = await place.observer.observe(KEY, fresh=True)
    assert seen is not None
    assert seen.namespace_terminating


async def test_an_older_claim_to_the_alias_is_seen() -> None:
    """In whatever namespace, where the store is the same."""
    place = Place()
    older = place.manifest
    older["metadata"] |= {"name": "first", "uid": "uid-0", "creationTimestamp": "2025-01-01T00:00:00Z"}
    older["spec"]["collectionName"] = "products"
    place.mirror.saw_index(older)
    seen = await place.observer.observe(KEY, fresh=True)
    assert seen is not None
    assert seen.rival == Key("shop", "first")


async def test_a_job_is_seen_as_its_watch_and_its_pods_last_said() -> None:
    """A view is kept only as long as neither the Job nor what its pods say has changed."""
    place = Place()
    job = place.cluster.objects.apply("jobs", "shop", "products-r1-0a1b2c3d", a_job())
    place.mirror.saw_job(job)

    async def view() -> JobView:
        seen = await place.observer.observe(KEY, fresh=False)
        assert seen is not None
        return seen.jobs[0]

    first = await view()
    assert await view() is first
    pod = ended("products-0", said(total=9, indexed=9))
    pod["metadata"]["labels"] = {LABEL_JOB: job["metadata"]["name"]}
    place.cluster.objects.create("pods", "shop", pod)
    changed = {**job, "metadata": job["metadata"] | {"resourceVersion": "99"}}
    place.mirror.saw_job(changed)
    place.now += 60
    heard = await view()
    place.mirror.saw_job({**changed, "spec": changed["spec"] | {"suspend": True}})
    assert (first.counts == heard.counts, (await view()).suspended) == (False, True)
