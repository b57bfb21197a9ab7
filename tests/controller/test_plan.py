"""What the controller decides, from the first look at a new index to the day it is deleted."""

from dataclasses import replace

import pytest

from controller.actions import ApplyJob, CreateCollection, DropCollection, PointAlias
from controller.names import REINDEX
from controller.observed import StoreProblem
from tests.controller.world import PICTOGRAMS, World, served

OTHER_MODEL = {"name": "ViT-B-32/laion2b_s34b_b79k"}


def test_a_new_index_gets_a_collection_an_alias_and_a_job() -> None:
    """One resource is enough: collection, alias and Job follow in two looks."""
    world = World()
    world.settle()
    assert list(world.collections) == [f"products-r1-{world.spec.revision_hash()}"]
    assert world.searched == next(iter(world.collections))
    assert len(world.running) == 1
    assert world.condition("CollectionReady") == ("True", "Available")
    assert world.condition("Ready") == ("False", "Indexing")
    assert world.condition("Reconciling") == ("True", "InProgress")


def test_ready_once_every_picture_is_in() -> None:
    """Ready means that what is searched was filled, and the counts say with how many."""
    world = served()
    assert world.condition("Ready") == ("True", "Available")
    assert world.condition("Indexed") == ("True", "RunSucceeded")
    assert world.condition("Reconciling") == ("False", "Idle")
    assert world.status.active is not None
    assert world.status.active.points == world.pictures
    assert world.status.observed_generation == world.generation


def test_green_alone_is_not_believed() -> None:
    """An index is Optimizing until the store has indexed what is too much to be searched without an index."""
    world = World(pictures=1_000_000)
    world.settle()
    world.finish(indexed=False)
    decided = world.settle()
    assert world.condition("Ready") == ("False", "Optimizing")
    assert decided.again is not None
    name = next(iter(world.collections))
    world.collections[name] = replace(world.collections[name], indexed=1_000_000)
    world.settle()
    assert world.condition("Ready") == ("True", "Available")


def test_another_model_is_built_beside_the_one_that_is_searched() -> None:
    """The alias moves only when the candidate is full, and the index stays Ready all the while."""
    world = served()
    old = world.searched
    world.change(model=OTHER_MODEL)
    world.settle()
    assert world.searched == old
    assert world.condition("Ready") == ("True", "Available")
    assert world.condition("UpToDate") == ("False", "RolloutInProgress")
    assert world.status.candidate is not None
    assert world.status.candidate.stage == "Indexing"
    world.finish()
    world.settle()
    assert world.searched != old
    assert world.condition("UpToDate") == ("True", "Current")
    assert [each.collection for each in world.status.history] == [old]
    assert world.status.active is not None
    assert world.status.active.revision == 2


def test_a_candidate_that_cannot_be_filled_disturbs_nobody() -> None:
    """A failed rollout is said, and the old revision goes on being searched."""
    world = served()
    old = world.searched
    world.change(model=OTHER_MODEL)
    world.settle()
    world.finish("Failed", problem=("BadConfiguration", "There is no such model in the image."))
    world.settle()
    assert world.searched == old
    assert world.condition("Ready") == ("True", "Available")
    assert world.condition("UpToDate") == ("False", "RolloutFailed")
    assert world.condition("Degraded") == ("True", "BadConfiguration")


def test_the_newest_spec_wins_in_the_middle_of_a_rollout() -> None:
    """A candidate that nobody wants any more is dropped with its Job; what is searched is not touched."""
    world = served()
    old = world.searched
    world.change(model=OTHER_MODEL)
    world.settle()
    abandoned = world.status.candidate
    world.change(model={"name": "ViT-L-14/laion2b_s32b_b82k"})
    world.settle()
    assert abandoned is not None
    assert abandoned.collection not in world.collections
    assert world.searched == old
    assert len(world.running) == 1


def test_going_back_during_a_rollout_drops_the_candidate() -> None:
    """The old spec again means that there is nothing to do but to clean up."""
    world = served()
    world.change(model=OTHER_MODEL)
    world.settle()
    world.change(model={"name": PICTOGRAMS})
    world.settle()
    assert list(world.collections) == [world.searched]
    assert world.status.candidate is None
    assert world.running == []


def test_going_back_after_a_rollout_uses_the_collection_that_was_kept() -> None:
    """A rollback is a catch-up run over a collection that is there, not a new one."""
    world = served()
    first = world.searched
    world.change(model=OTHER_MODEL)
    world.settle()
    world.finish()
    world.settle()
    world.change(model={"name": PICTOGRAMS})
    world.settle()
    world.finish()
    world.settle()
    assert world.searched == first
    assert world.status.active is not None
    assert world.status.active.revision == 3


@pytest.mark.parametrize("limit", [0, 1, 2])
def test_the_past_is_kept_as_long_as_it_was_asked_for(limit: int) -> None:
    """RevisionHistoryLimit collections are kept beside the active one, the newest."""
    world = served(rollout={"revisionHistoryLimit": limit})
    for dim in (100, 200, 300):
        world.change(model={"name": "ours/model", "dim": dim})
        world.settle()
        world.finish()
        world.settle()
    assert len(world.collections) == limit + 1
    assert [each.revision for each in world.status.history] == [3, 2, 1][:limit]


def test_settings_change_in_place() -> None:
    """HNSW, quantization and fields are changed in the collection that is there."""
    world = served()
    name = world.searched
    world.change(hnsw={"m": 32}, schema={"fields": [{"name": "attributes.colour", "type": "keyword"}]})
    world.settle()
    assert name is not None
    assert world.searched == name
    assert world.collections[name].settings.hnsw_m == 32
    assert world.collections[name].settings.schema["attributes.colour"] == "keyword"
    assert len(world.collections) == 1


def test_drift_is_corrected() -> None:
    """A setting changed behind our back comes back."""
    world = served()
    name = world.searched
    assert name is not None
    there = world.collections[name]
    world.collections[name] = replace(there, settings=replace(there.settings, hnsw_m=99))
    world.settle()
    assert world.collections[name].settings.hnsw_m == 16


def test_drift_is_only_reported_where_that_is_asked_for() -> None:
    """DriftPolicy Report leaves the collection and says what differs; a change of the spec is applied all the same."""
    world = served(driftPolicy="Report")
    name = world.searched
    assert name is not None
    there = world.collections[name]
    world.collections[name] = replace(there, settings=replace(there.settings, hnsw_m=99))
    world.settle()
    assert world.collections[name].settings.hnsw_m == 99
    assert world.condition("Degraded") == ("True", "ConfigurationDrift")
    assert world.condition("Ready") == ("True", "Available")
    world.change(hnsw={"m": 24})
    world.settle()
    assert world.collections[name].settings.hnsw_m == 24
    assert world.condition("Degraded") == ("False", "AsExpected")


def test_a_lost_collection_is_made_anew_and_filled() -> None:
    """An index whose collection vanished is never Ready and empty: it is built again under a new name."""
    world = served()
    lost = world.searched
    world.collections.clear()
    world.alias.clear()
    world.settle()
    assert world.searched not in {None, lost}
    assert world.condition("Ready") == ("False", "Indexing")
    world.finish()
    world.settle()
    assert world.condition("Ready") == ("True", "Available")


def test_points_that_vanished_are_said() -> None:
    """A collection with fewer points than the last run left is Degraded, and an annotation repairs it."""
    world = served()
    name = world.searched
    assert name is not None
    world.collections[name] = replace(world.collections[name], points=10, indexed=10)
    world.settle()
    assert world.condition("Degraded") == ("True", "PointsMissing")
    world.annotations[REINDEX] = "now"
    world.settle()
    world.finish()
    world.settle()
    assert world.condition("Degraded") == ("False", "AsExpected")


def test_an_unknown_model_is_stalled_until_the_spec_changes() -> None:
    """What only the user can mend is said as Stalled, and nothing is made."""
    world = World()
    world.change(model={"name": "no/such"})
    world.settle()
    assert world.condition("Stalled") == ("True", "ModelNotFound")
    assert world.collections == {}
    world.change(model={"name": "no/such", "dim": 64})
    world.settle()
    assert next(iter(world.collections.values())).dim == 64


def test_an_unreachable_store_changes_nothing_that_is_known() -> None:
    """What was seen last is kept; the conditions say that it could not be seen now."""
    world = served()
    known = world.status
    world.problem = StoreProblem(reason="StoreUnreachable", message="connection refused")
    decided = world.settle()
    assert world.condition("StoreReachable") == ("False", "StoreUnreachable")
    assert world.condition("Ready") == ("False", "StoreUnreachable")
    assert world.condition("CollectionReady") == ("Unknown", "StoreUnobserved")
    assert (world.status.active, world.status.indexing) == (known.active, known.indexing)
    assert decided.again is not None
    world.problem = None
    world.settle()
    assert world.condition("Ready") == ("True", "Available")


def test_suspend_stops_the_job_and_keeps_what_is_served() -> None:
    """spec.suspend tells the run under way to stop and starts no other; resuming goes on with the same Job."""
    world = World()
    world.settle()
    (job,) = world.running
    world.change(suspend=True)
    world.settle()
    assert world.jobs[job.name].suspended
    assert world.condition("Indexed") == ("False", "Suspended")
    world.change(suspend=False)
    world.settle()
    assert not world.jobs[job.name].suspended
    assert list(world.jobs) == [job.name]


def test_hands_off_means_no_write_at_all() -> None:
    """The annotation reconcile=disabled keeps everything as it is, whatever the spec says."""
    world = served()
    done = len(world.history)
    world.annotations["searchindex.dev/reconcile"] = "disabled"
    world.change(model=OTHER_MODEL, hnsw={"m": 64})
    world.settle()
    assert len(world.history) == done
    assert world.condition("Reconciling") == ("False", "Disabled")


def test_events_are_for_what_changes() -> None:
    """Looking again says nothing; each turn is said once."""
    world = served()
    said = [event.reason for event in world.events]
    assert said == ["RunStarted", "RevisionActive", "Available", "RunSucceeded"] or set(said) >= {"RunStarted", "RunSucceeded", "Available"}
    world.events.clear()
    for _ in range(3):
        world.wait(60)
        world.settle()
    assert world.events == []


def test_creation_is_in_the_right_order() -> None:
    """The alias is never pointed at a collection that is not there yet, nor is a pod started for one."""
    world = World()
    world.settle()
    kinds = [type(each) for each in world.history]
    assert kinds.index(CreateCollection) < kinds.index(PointAlias) < kinds.index(ApplyJob)
    assert DropCollection not in kinds
