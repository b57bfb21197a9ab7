"""What every CollectionStore does, the fake as the real one."""

from dataclasses import replace

import pytest

from controller.actions import ChangeSettings, CreateCollection, PointAlias, SetThreads
from controller.observed import BuildThreads, CollectionSettings, Owner
from controller.ports import CollectionStore, StoreError
from controller.settings_diff import settings_change

SETTINGS = CollectionSettings(
    hnsw_m=8, hnsw_ef_construct=64, quantile=0.98, always_ram=True, replication_factor=1, schema={"width": "integer", "tags": "keyword"}
)
OWNER = Owner(program="searchindex", namespace="shop", name="products", uid="uid-1", revision=3, revision_hash="0a1b2c3d")


def wanted(name: str, **changes: object) -> CreateCollection:
    first = CreateCollection(name=name, dim=8, shard_number=2, on_disk=True, settings=SETTINGS, owner=OWNER)
    return replace(first, **changes)  # type: ignore[arg-type]


async def test_a_collection_is_made_as_it_was_asked_for(collections: CollectionStore, name: str) -> None:
    """What a plan compares with the spec is read back just as it was written, owner included."""
    await collections.create(wanted(name, fingerprint="0123456789abcdef"))
    there = await collections.collection(name)
    assert there is not None
    assert (there.name, there.dim, there.distance, there.shard_number, there.on_disk) == (name, 8, "Cosine", 2, True)
    assert (there.owner, there.fingerprint) == (OWNER, "0123456789abcdef")
    assert (there.points, there.indexed, there.status) == (0, 0, "green")
    assert there.segments >= 2
    assert settings_change(there, SETTINGS) is None
    assert name in await collections.collection_names()


async def test_creating_twice_changes_nothing(collections: CollectionStore, name: str) -> None:
    """A reconcile that was killed after the first write is simply repeated."""
    await collections.create(wanted(name))
    before = await collections.collection(name)
    await collections.create(wanted(name))
    assert await collections.collection(name) == before


async def test_payload_indexes_that_are_missing_are_added(collections: CollectionStore, name: str) -> None:
    """A controller killed between the collection and its payload indexes leaves what the next run completes."""
    await collections.create(wanted(name, settings=replace(SETTINGS, schema={})))
    await collections.create(wanted(name))
    there = await collections.collection(name)
    assert there is not None
    assert there.settings.schema == SETTINGS.schema


async def test_a_collection_of_another_owner_is_left_alone(collections: CollectionStore, name: str) -> None:
    """Creating over somebody else's collection changes nothing in it."""
    await collections.create(wanted(name, settings=replace(SETTINGS, schema={})))
    before = await collections.collection(name)
    await collections.create(wanted(name, owner=replace(OWNER, uid="uid-2")))
    assert await collections.collection(name) == before


async def test_there_may_be_no_such_collection(collections: CollectionStore, name: str) -> None:
    """Absence is an answer; changing what is absent is an error."""
    assert await collections.collection(name) is None
    await collections.drop(name)
    with pytest.raises(StoreError, match="no longer there"):
        await collections.stamp(name, OWNER)
    with pytest.raises(StoreError, match="no longer there"):
        await collections.change(ChangeSettings(name=name, settings=SETTINGS, hnsw=True))


async def test_settings_change_in_place(collections: CollectionStore, name: str) -> None:
    """Graph, quantisation, replication and payload indexes reach what is wanted, and only what differs is touched."""
    await collections.create(wanted(name))
    new = CollectionSettings(
        hnsw_m=12,
        hnsw_ef_construct=80,
        quantile=0.9,
        always_ram=False,
        replication_factor=2,
        schema={"width": "float", "taken_at": "datetime"},
    )
    for _ in range(2):  # idempotent
        await collections.change(
            ChangeSettings(
                name=name,
                settings=new,
                hnsw=True,
                quantization=True,
                replication=True,
                add_fields=dict(new.schema),
                drop_fields=("width", "tags"),
            )
        )
    there = await collections.collection(name)
    assert there is not None
    assert settings_change(there, new) is None
    assert there.settings.schema == new.schema
    assert (there.owner, there.dim, there.shard_number, there.on_disk) == (OWNER, 8, 2, True)


async def test_what_is_not_named_does_not_change(collections: CollectionStore, name: str) -> None:
    """A change of the graph leaves the quantisation as somebody else may have set it."""
    await collections.create(wanted(name))
    await collections.change(ChangeSettings(name=name, settings=replace(SETTINGS, hnsw_m=12, quantile=0.7), hnsw=True))
    there = await collections.collection(name)
    assert there is not None
    assert (there.settings.hnsw_m, round(there.settings.quantile or 0, 3)) == (12, 0.98)


async def test_threads_are_held_down_and_let_go_in_place(collections: CollectionStore, name: str) -> None:
    """What they become is noted in the collection itself; a change of settings or owner meanwhile touches neither."""
    few, after = BuildThreads(indexing=1, optimization=1), BuildThreads(indexing=3, optimization=None)
    await collections.create(wanted(name, threads=few, threads_after=after))
    await collections.change(ChangeSettings(name=name, settings=replace(SETTINGS, hnsw_m=12), hnsw=True))
    await collections.stamp(name, OWNER)
    there = await collections.collection(name)
    assert there is not None
    assert (there.threads, there.threads_after, there.settings.hnsw_m) == (few, after, 12)
    for threads, following in (
        (after, None),
        (few, BuildThreads(optimization=2)),
        (BuildThreads(optimization=2), None),
        (BuildThreads(), None),
    ):
        for _ in range(2):  # idempotent
            await collections.set_threads(SetThreads(name=name, threads=threads, after=following))
        there = await collections.collection(name)
        assert there is not None
        assert (there.threads, there.threads_after, there.settings.hnsw_m, there.owner) == (threads, following, 12, OWNER)
    with pytest.raises(StoreError, match="no longer there"):
        await collections.set_threads(SetThreads(name=f"{name}-nowhere", threads=few))


async def test_a_new_collections_threads_are_the_stores(collections: CollectionStore, name: str) -> None:
    """Nothing is said where nothing is held down."""
    await collections.create(wanted(name))
    there = await collections.collection(name)
    assert there is not None
    assert (there.threads, there.threads_after) == (BuildThreads(), None)


async def test_stamping_keeps_the_fingerprint(collections: CollectionStore, name: str) -> None:
    """A collection that is taken over still says which weights it was built with."""
    await collections.create(wanted(name, fingerprint="0123456789abcdef"))
    await collections.stamp(name, replace(OWNER, uid="uid-9", revision=4))
    there = await collections.collection(name)
    assert there is not None
    assert (there.owner, there.fingerprint) == (replace(OWNER, uid="uid-9", revision=4), "0123456789abcdef")


async def test_an_alias_moves_in_one_step(collections: CollectionStore, name: str) -> None:
    """The alias points to one collection or the other, and never to none."""
    old, new, alias = f"{name}-r1", f"{name}-r2", f"{name}-alias"
    for each in (old, new):
        await collections.create(wanted(each))
    await collections.point_alias(PointAlias(alias=alias, collection=old))
    assert (await collections.aliases())[alias] == old
    for _ in range(2):
        await collections.point_alias(PointAlias(alias=alias, collection=new, previous=old))
        assert (await collections.aliases())[alias] == new
    with pytest.raises(StoreError):
        await collections.point_alias(PointAlias(alias=alias, collection=f"{name}-nowhere", previous=new))
    assert (await collections.aliases())[alias] == new
    for _ in range(2):
        await collections.drop_alias(alias)
    assert alias not in await collections.aliases()


async def test_an_alias_cannot_have_a_collections_name(collections: CollectionStore, name: str) -> None:
    """Neither hides the other."""
    await collections.create(wanted(name))
    await collections.create(wanted(f"{name}-r1"))
    with pytest.raises(StoreError) as refused:
        await collections.point_alias(PointAlias(alias=name, collection=f"{name}-r1"))
    assert refused.value.reason == "StoreRefused"
    await collections.point_alias(PointAlias(alias=f"{name}-alias", collection=name))
    there = await collections.collection(f"{name}-alias")
    assert there is not None
    assert there.owner == OWNER


async def test_dropping_is_by_the_collections_own_name(collections: CollectionStore, name: str) -> None:
    """An alias's name drops nothing; a collection takes its aliases with it; twice is once."""
    await collections.create(wanted(name))
    await collections.point_alias(PointAlias(alias=f"{name}-alias", collection=name))
    await collections.drop(f"{name}-alias")
    assert await collections.collection(name) is not None
    for _ in range(2):
        await collections.drop(name)
    assert await collections.collection(name) is None
    assert f"{name}-alias" not in await collections.aliases()
