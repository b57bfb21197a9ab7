"""Whose a collection is, and what happens to it when its SearchIndex is deleted."""

import pytest

from controller.actions import CreateCollection
from controller.names import FINALIZER
from controller.observed import Key, Owner, StoreProblem
from tests.controller.world import World, foreign, served


def test_another_program_s_collection_is_left_alone() -> None:
    """A collection of our name that we did not make is neither used nor changed nor dropped."""
    world = World(collections={"products": foreign("products")})
    before = dict(world.collections)
    world.settle()
    assert world.condition("Ready") == ("False", "NotOwned")
    assert world.condition("Stalled") == ("True", "NotOwned")
    assert world.collections == before
    assert world.jobs == {}


def test_another_index_s_collection_is_a_conflict() -> None:
    """The stamp of another SearchIndex is respected even when that one is not to be seen from here."""
    owner = Owner(program="searchindex", namespace="elsewhere", name="theirs", uid="x", revision=1, revision_hash="h")
    world = World(collections={"c": foreign("c", owner=owner)}, alias={"products": "c"})
    world.settle()
    assert world.condition("CollectionReady") == ("False", "CollectionConflict")
    assert world.history == []


def test_an_unowned_collection_is_adopted_where_that_is_allowed() -> None:
    """AdoptionPolicy IfUnowned takes over what an alias of our name points at, if its shape fits."""
    world = World(collections={"old": foreign("old")}, alias={"products": "old"})
    world.change(adoptionPolicy="IfUnowned")
    world.settle()
    assert world.searched == "old"
    assert world.collections["old"].owner.uid == world.uid
    misfit = World(collections={"old": foreign("old", dim=7)}, alias={"products": "old"})
    misfit.change(adoptionPolicy="IfUnowned")
    misfit.settle()
    assert misfit.condition("Ready") == ("False", "NotOwned")


def test_the_younger_of_two_claimants_waits() -> None:
    """Of two SearchIndexes with one name in one store the oldest has it; the other says so and takes over when it is gone."""
    world = World(rival=Key("default", "older"))
    world.settle()
    assert world.condition("Ready") == ("False", "CollectionConflict")
    assert world.history == []
    world.rival = None
    world.settle()
    assert world.searched is not None


def test_an_index_made_anew_finds_its_collection() -> None:
    """Deleted with Retain and made again, it takes up its collection: nothing is encoded twice."""
    world = served()
    name = world.searched
    again = World(uid="uid-2", collections=world.collections, alias=world.alias)
    again.settle()
    assert again.searched == name
    assert {each.owner.uid for each in again.collections.values()} == {"uid-2"}
    assert not [each for each in again.history if isinstance(each, CreateCollection)]


def test_only_delete_needs_a_finalizer() -> None:
    """With Retain there is none, so that nothing can ever hang on this controller; changing the policy adds and removes it."""
    world = served()
    assert world.finalizers == ()
    world.change(reclaimPolicy="Delete")
    world.settle()
    assert world.finalizers == (FINALIZER,)
    world.change(reclaimPolicy="Retain")
    world.settle()
    assert world.finalizers == ()


def test_delete_drops_what_is_ours_and_nothing_else() -> None:
    """Jobs first, then alias and collections, then the finalizer; a stranger's collection of a like name stays."""
    world = served(reclaimPolicy="Delete")
    stranger = foreign("products-r9-theirs", owner=Owner(program="searchindex", namespace="x", name="y", uid="z", revision=9))
    world.collections[stranger.name] = stranger
    world.delete()
    world.settle()
    assert list(world.collections) == [stranger.name]
    assert world.alias == {}
    assert world.jobs == {}
    assert world.finalizers == ()


def test_retain_keeps_the_collection_without_asking_the_store() -> None:
    """A finalizer of an earlier policy is removed even while the store is unreachable."""
    world = served(reclaimPolicy="Delete")
    world.change(reclaimPolicy="Retain")
    world.delete()
    world.problem = StoreProblem(reason="StoreUnreachable", message="gone")
    world.settle()
    assert world.finalizers == ()
    assert len(world.collections) == 1


@pytest.mark.parametrize("why", ["timeout", "forced", "gone", "namespace"])
def test_deletion_never_hangs(why: str) -> None:
    """A store that cannot be asked is waited for, but not where that is hopeless or has lasted; what stays behind is said."""
    world = served(reclaimPolicy="Delete")
    world.delete()
    world.problem = StoreProblem(reason="StoreUnreachable", message="no answer", gone=why == "gone")
    if why == "forced":
        world.annotations["searchindex.dev/force-delete"] = "true"
    world.namespace_terminating = why == "namespace"
    if why == "timeout":
        world.apply(world.plan().actions)
        assert world.finalizers == (FINALIZER,)
        world.wait(61)
    decided = world.plan()
    world.apply(decided.actions)
    assert world.finalizers == ()
    assert [each.reason for each in decided.events] == ["CollectionLeftBehind"]
