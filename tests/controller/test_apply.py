"""Actions reach the world in their order, and what destroys or takes over looks again first."""

from dataclasses import replace
from typing import Any

import pytest

from controller import actions as act
from controller.apply import ActionApplier
from controller.observed import Key, Observed, StoreView
from controller.ports import ClusterError, StoreError
from controller.resources import resource_of
from controller.settings_diff import wanted_settings
from tests.controller.fakes import FakeCluster, FakeCollectionStore, OneStore
from tests.controller.suite.test_cluster import a_job, an_index
from tests.controller.suite.test_collection_store import OWNER, wanted

NAME = "products-r3-0a1b2c3d"


class Place:
    """A SearchIndex in a cluster, and its store."""

    def __init__(self, **metadata: Any) -> None:
        self.cluster, self.store = FakeCluster(), FakeCollectionStore()
        manifest = an_index()
        manifest["metadata"] |= {"uid": "uid-1"} | metadata
        self.cluster.objects.create("searchindexes", "shop", manifest)
        self.calls: list[str] = []
        self.store.before_call = self.cluster.before_call = self.calls.append
        self.applier = ActionApplier(self.cluster, OneStore(self.store))

    @property
    def observed(self) -> Observed:
        return Observed(resource=resource_of(self.cluster.objects.get("searchindexes", "shop", "products")), store=StoreView())

    async def apply(self, *actions: act.Action) -> None:
        await self.applier.apply(self.observed, actions)


async def test_every_action_is_carried_out_and_twice_is_once() -> None:
    """From nothing to a searched collection with a run, and away again."""
    place = Place()
    settings = wanted_settings(place.observed.resource.spec)
    build = (
        act.AddFinalizer(finalizer="searchindex.dev/collections"),
        act.CreateCollection(name=NAME, dim=8, shard_number=1, on_disk=False, settings=settings, owner=OWNER),
        act.ChangeSettings(name=NAME, settings=replace(settings, hnsw_m=32), hnsw=True),
        act.Stamp(name=NAME, owner=replace(OWNER, revision=4)),
        act.PointAlias(alias="products", collection=NAME),
        act.ApplyJob(manifest=a_job()),
        act.RecordEvent(kind="Normal", reason="Created", message="It is made."),
    )
    for _ in range(2):
        await place.apply(*build)
    there = place.store.collections[NAME]
    assert (there.settings.hnsw_m, there.owner.revision, place.store.alias) == (32, 4, {"products": NAME})
    assert place.observed.resource.finalizers == ("searchindex.dev/collections",)
    assert [job["metadata"]["name"] for job in await place.cluster.jobs(Key("shop", "products"))] == ["products-r1-0a1b2c3d"]
    assert len(place.cluster.objects.listed("events", "shop")) == 2
    away = (
        act.DeleteJob(name="products-r1-0a1b2c3d"),
        act.ExpireJob(name="products-r1-0a1b2c3d", ttl=60),
        act.DropAlias(alias="products"),
        act.DropCollection(name=NAME, uid="uid-1"),
        act.RemoveFinalizer(finalizer="searchindex.dev/collections"),
    )
    for _ in range(2):
        await place.apply(*away)
    assert (place.store.collections, place.store.alias, place.observed.resource.finalizers) == ({}, {}, ())
    assert await place.cluster.jobs(Key("shop", "products")) == []


async def test_what_belongs_to_another_is_not_dropped() -> None:
    """It may have been taken over since it was observed."""
    place = Place()
    await place.store.create(wanted(NAME, owner=replace(OWNER, uid="uid-2")))
    await place.apply(act.DropCollection(name=NAME, uid="uid-1"))
    await place.store.create(wanted("nobodys", owner=replace(OWNER, uid="")))
    await place.apply(act.DropCollection(name="nobodys", uid=""))
    assert set(place.store.collections) == {NAME, "nobodys"}


async def test_nothing_is_dropped_through_an_alias() -> None:
    """An alias shows its target's owner; the target was not what was meant."""
    place = Place()
    await place.store.create(wanted(NAME))
    await place.store.point_alias(act.PointAlias(alias="products", collection=NAME))
    await place.apply(act.DropCollection(name="products", uid="uid-1"))
    assert set(place.store.collections) == {NAME}


async def test_what_another_has_taken_is_not_taken_over() -> None:
    """Two SearchIndexes may have seen the same collection without an owner."""
    place = Place()
    await place.store.create(wanted(NAME, owner=replace(OWNER, name="others", uid="uid-2")))
    await place.apply(act.Stamp(name=NAME, owner=OWNER))
    assert place.store.collections[NAME].owner.uid == "uid-2"


async def test_what_was_ours_in_an_earlier_life_is_taken_over() -> None:
    """A SearchIndex that was deleted and made again finds its collection; nothing to do where that is gone."""
    place = Place()
    await place.store.create(wanted(NAME, owner=replace(OWNER, uid="uid-0")))
    await place.apply(act.Stamp(name=NAME, owner=OWNER), act.Stamp(name="gone", owner=OWNER))
    assert place.store.collections[NAME].owner.uid == "uid-1"


async def test_an_alias_that_was_moved_meanwhile_is_left() -> None:
    """The next look decides again, with what is there then."""
    place = Place()
    for name in ("one", "two", "three"):
        await place.store.create(wanted(name))
    await place.store.point_alias(act.PointAlias(alias="products", collection="three"))
    await place.apply(act.PointAlias(alias="products", collection="two", previous="one"))
    assert place.store.alias == {"products": "three"}


async def test_after_a_failure_nothing_more_is_done() -> None:
    """The order is the safety: no Job for a collection that could not be made."""
    place = Place()
    place.store.failing = StoreError("away", reason="StoreUnreachable")
    create = act.CreateCollection(
        name=NAME, dim=8, shard_number=1, on_disk=False, settings=wanted_settings(place.observed.resource.spec), owner=OWNER
    )
    with pytest.raises(StoreError):
        await place.apply(create, act.ApplyJob(manifest=a_job()))
    assert "apply_job" not in place.calls


async def test_a_finalizer_is_not_set_on_what_has_changed() -> None:
    """Somebody else's finalizer would be lost."""
    place = Place()
    observed = place.observed
    place.cluster.objects.merge("searchindexes", "shop", "products", {"metadata": {"finalizers": ["others/hold"]}})
    with pytest.raises(ClusterError) as conflict:
        await place.applier.apply(observed, [act.AddFinalizer(finalizer="searchindex.dev/collections")])
    assert conflict.value.status == 409
    await place.apply(act.AddFinalizer(finalizer="searchindex.dev/collections"))
    assert place.observed.resource.finalizers == ("others/hold", "searchindex.dev/collections")


async def test_releasing_what_is_gone_is_done() -> None:
    """The last finalizer may have been removed by hand."""
    place = Place(finalizers=["searchindex.dev/collections"], deletionTimestamp="2026-01-01T00:00:00Z")
    observed = place.observed
    place.cluster.objects.merge("searchindexes", "shop", "products", {"metadata": {"finalizers": []}})
    await place.applier.apply(observed, [act.RemoveFinalizer(finalizer="searchindex.dev/collections")])


async def test_jobs_and_finalizers_do_not_need_the_store() -> None:
    """A deletion that gives the store up never speaks to it."""
    place = Place(finalizers=["searchindex.dev/collections"])
    place.store.failing = StoreError("away", reason="StoreUnreachable")
    await place.apply(act.DeleteJob(name="x"), act.RemoveFinalizer(finalizer="searchindex.dev/collections"))
    assert place.observed.resource.finalizers == ()
