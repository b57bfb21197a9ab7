"""Whatever happens in whatever order: planning ends, ends the same, and what is searched is never taken away."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from controller.actions import DropCollection
from searchindex.status import SearchIndexStatus
from tests.controller.world import World

CHANGES: list[dict[str, Any]] = [
    {"model": {"name": "ViT-B-32/laion2b_s34b_b79k"}},
    {"model": {"name": "ResNet10-MiniLM/pictograms"}},
    {"vectors": {"onDisk": True}},
    {"hnsw": {"m": 32}},
    {"quantization": {"quantile": "0.95"}},
    {"schema": {"fields": [{"name": "attributes.colour", "type": "keyword"}]}},
    {"schema": {"fields": [{"name": "attributes.colour", "type": "integer"}]}},
    {"sources": [{"name": "more", "pvc": {"claimName": "more"}}]},
    {"indexing": {"shards": 4, "parallelism": 2}},
    {"indexing": {"schedule": "*/5 * * * *"}},
    {"rollout": {"revisionHistoryLimit": 0}},
    {"reclaimPolicy": "Delete"},
    {"reclaimPolicy": "Retain"},
    {"suspend": True},
    {"suspend": False},
]
STEPS = st.one_of(
    st.sampled_from(CHANGES).map(lambda change: ("change", change)),
    st.sampled_from(["finish", "fail", "wait", "lose-job", "lose-status", "drift", "reindex"]).map(lambda name: (name, {})),
    st.integers(0, 6).map(lambda count: ("crash", {"after": count})),
)


def step(world: World, name: str, given_: dict[str, Any]) -> None:  # a list of what can happen
    if name == "change":
        world.change(**given_)
    elif name == "finish":
        world.finish()
    elif name == "fail":
        world.finish("Failed")
    elif name == "wait":
        world.wait(301)
    elif name == "lose-job":
        world.jobs.clear()
    elif name == "lose-status":
        world.status = SearchIndexStatus()
    elif name == "reindex":
        world.annotations["searchindex.dev/reindex"] = str(world.now)
    elif name == "drift" and world.searched in world.collections:
        there = world.collections[world.searched]
        world.collections[there.name] = replace(there, settings=replace(there.settings, hnsw_m=77))
    elif name == "crash":  # the controller dies after so many writes
        world.apply(world.plan().actions[: given_["after"]])


@settings(max_examples=150, deadline=None)
@given(st.lists(STEPS, max_size=12))
def test_every_history_settles_and_then_rests(steps: list[tuple[str, dict[str, Any]]]) -> None:
    """Planning after applying is empty, from wherever one comes; what is searched exists; nothing foreign is dropped."""
    world = World()
    for name, given_ in steps:
        step(world, name, given_)
        world.settle()
        assert world.searched is None or world.searched in world.collections
        assert world.plan().actions == ()
        assert len(world.running) <= 1


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, max_size=10))
def test_the_same_spec_in_the_end_is_the_same_world_in_the_end(steps: list[tuple[str, dict[str, Any]]]) -> None:
    """Two histories that end with one spec converge: one active collection for it, full, Ready, with what the policy keeps."""
    world = World()
    for name, given_ in steps:
        step(world, name, given_)
        world.settle()
    final = {
        "model": {"name": "ResNet10-MiniLM/pictograms"},
        "vectors": {"onDisk": False},
        "hnsw": {"m": 20},
        "indexing": {},
        "suspend": False,
        "rollout": {"revisionHistoryLimit": 0},
    }
    world.change(**final)
    world.annotations["searchindex.dev/reindex"] = "the end"
    for _ in range(4):
        world.settle()
        world.finish()
    world.settle()
    (only,) = world.collections.values()
    assert only.name == world.searched
    assert only.owner.revision_hash == world.spec.revision_hash()
    assert only.settings.hnsw_m == 20
    assert world.condition("Ready") == ("True", "Available")
    assert world.condition("UpToDate") == ("True", "Current")


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, max_size=8), st.integers(0, 5))
def test_what_is_searched_is_never_dropped(steps: list[tuple[str, dict[str, Any]]], crash_after: int) -> None:
    """No plan drops the collection that the alias points at, whatever was interrupted before."""
    world = World()
    for name, given_ in steps:
        step(world, name, given_)
        decided = world.plan()
        searched = world.searched
        assert searched not in {each.name for each in decided.actions if isinstance(each, DropCollection)}
        world.apply(decided.actions[:crash_after])


def test_planning_is_a_function() -> None:
    """The same observation gives the same plan."""
    world = World()
    assert world.plan() == world.plan()
