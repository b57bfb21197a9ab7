"""Threads that build an index: few while another one is searched, as before afterwards, and nobody else's are touched."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from controller.actions import SetThreads
from controller.build_threads import held_down, threads_change, usual
from controller.names import REINDEX
from controller.observed import BuildThreads, Collection
from tests.controller.test_plan import OTHER_MODEL
from tests.controller.test_plan_properties import STEPS, step
from tests.controller.world import PICTOGRAMS, foreign, served

FEW = BuildThreads(indexing=1, optimization=1)
THREADS = st.builds(BuildThreads, indexing=st.integers(0, 64), optimization=st.none() | st.integers(0, 64))
MOST = st.integers(0, 64)


def collections(name: str) -> st.SearchStrategy[Collection]:
    return st.builds(lambda threads, after: replace(foreign(name), threads=threads, threads_after=after), THREADS, st.none() | THREADS)


def after(collection: Collection, change: SetThreads | None) -> Collection:
    return replace(collection, threads=change.threads, threads_after=change.after) if change else collection


@given(collections("built"), st.none() | collections("searched"), MOST)
def test_a_change_is_made_once(built: Collection, searched: Collection | None, most: int) -> None:
    """Whatever is there, the second look finds nothing left to do."""
    changed = after(built, threads_change(built, beside=searched, most=most))
    assert threads_change(changed, beside=searched, most=most) is None
    held = held_down(most) if searched else None
    assert changed.threads == (held or usual(built))
    assert (changed.threads_after is None) == (held is None)


@given(collections("built"), collections("searched"), MOST.filter(bool), MOST)
def test_what_is_let_go_builds_as_what_was_searched_before_it(built: Collection, searched: Collection, most: int, later: int) -> None:
    """Also where the number was changed meanwhile, and where the one before had not been let go itself."""
    fresh = replace(built, threads_after=None)
    held = after(fresh, threads_change(fresh, beside=searched, most=most))
    held = after(held, threads_change(held, beside=searched, most=later))
    free = after(held, threads_change(held, beside=None, most=later))
    assert (free.threads, free.threads_after) == (usual(searched), None)


@given(collections("searched"), MOST)
def test_threads_that_nobody_held_down_stay(searched: Collection, most: int) -> None:
    """A person, or the store's own configuration, may have set them."""
    assert threads_change(replace(searched, threads_after=None), beside=None, most=most) is None


@settings(max_examples=100, deadline=None)
@given(st.lists(STEPS, max_size=10), st.integers(1, 3), THREADS)
def test_in_every_history_only_a_candidate_is_held_down(steps: list, most: int, by_hand: BuildThreads) -> None:
    """What is searched has the threads that a person gave it, through rollouts, crashes and lost status."""
    world = served(rollout={"buildThreads": most})
    searched = world.searched
    assert searched is not None
    world.collections[searched] = replace(world.collections[searched], threads=by_hand)
    for name, given_ in [*steps, ("change", {"suspend": False, "rollout": {"buildThreads": most}})]:
        step(world, name, given_)
        world.settle()
    for each in world.collections.values():
        building = world.status.candidate is not None and each.name == world.status.candidate.collection
        assert each.threads == (held_down(most) if building else by_hand)
        assert each.threads_after == (by_hand if building else None)


def test_a_candidate_is_made_with_few_threads_and_let_go_once_it_is_searched() -> None:
    """The first collection of an index disturbs nobody, so it takes what it gets; drift that is only reported holds nothing back."""
    world = served(driftPolicy="Report")
    first = world.collections[world.searched or ""]
    assert first.threads == BuildThreads()
    world.change(model=OTHER_MODEL)
    world.settle()
    assert world.status.candidate is not None
    assert world.collections[world.status.candidate.collection].threads == FEW
    world.finish()
    world.settle()
    second = world.collections[world.searched or ""]
    assert second.name != first.name
    assert (second.threads, second.threads_after) == (BuildThreads(), None)
    assert [each.name for each in world.history if isinstance(each, SetThreads)] == [second.name]


def test_a_collection_that_was_kept_is_held_down_while_it_catches_up() -> None:
    """It is built from an earlier time, but what is new is built beside what is searched."""
    world = served()
    for model in (OTHER_MODEL, {"name": PICTOGRAMS}):
        world.annotations[REINDEX] = str(model)
        world.change(model=model)
        world.settle()
        assert world.status.candidate is not None
        assert world.collections[world.status.candidate.collection].threads == FEW
        world.finish()
        world.settle()
        assert world.collections[world.searched or ""].threads == BuildThreads()


def test_what_is_promoted_at_once_is_not_held_down() -> None:
    """A collection that was kept and lacks nothing has nothing to build."""
    world = served()
    world.change(model=OTHER_MODEL)
    world.settle()
    world.finish()
    world.settle()
    world.history.clear()
    world.change(model={"name": PICTOGRAMS})
    world.settle()
    assert [each for each in world.history if isinstance(each, SetThreads)] == []


def test_a_number_that_is_changed_during_a_rollout_counts_at_once() -> None:
    """Who finds the build too slow need not begin it again."""
    world = served()
    world.change(model=OTHER_MODEL)
    world.settle()
    assert world.status.candidate is not None
    for most, threads in ((4, BuildThreads(indexing=4, optimization=4)), (0, BuildThreads())):
        world.change(rollout={"buildThreads": most})
        world.settle()
        assert world.collections[world.status.candidate.collection].threads == threads
