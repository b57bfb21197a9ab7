"""When a run is made, when it is not, and what happens to its Job."""

from dataclasses import replace
from datetime import UTC, datetime

from controller.actions import ApplyJob
from controller.names import REINDEX
from searchindex.status import SearchIndexStatus
from tests.controller.world import World


def filled(**changes: object) -> World:
    world = World()
    if changes:
        world.change(**changes)
    world.settle()
    world.finish()
    world.settle()
    return world


def made(world: World) -> list[str]:
    """The names of all Jobs that were ever made, in order."""
    names = [each.manifest["metadata"]["name"] for each in world.history if isinstance(each, ApplyJob)]
    return list(dict.fromkeys(names))


def test_one_run_is_enough() -> None:
    """A run that ended well is not repeated, with its Job or without."""
    world = filled()
    world.jobs.clear()
    world.wait(100_000)
    world.settle()
    assert len(made(world)) == 1


def test_another_source_is_another_run() -> None:
    """What is to be indexed changed, so it is indexed."""
    world = filled()
    world.change(sources=[{"name": "more", "pvc": {"claimName": "more"}}])
    world.settle()
    assert len(made(world)) == 2
    assert world.condition("Indexed") == ("False", "Indexing")
    assert world.condition("Ready") == ("True", "Available")


def test_a_run_that_ended_unseen_is_kept_as_long_as_any_other() -> None:
    """Another run is asked for before anybody saw the first one's end: its pods' logs stay readable all the same."""
    world = World()
    world.settle()
    world.finish()
    world.annotations[REINDEX] = "again"
    world.settle()
    first, second = (world.jobs[name] for name in made(world))
    assert (first.result, first.ttl, second.result) == ("Succeeded", 86400, None)


def test_an_annotation_asks_for_a_run() -> None:
    """Any new value of searchindex.dev/reindex is one more run."""
    world = filled()
    for value in ("1", "2"):
        world.annotations[REINDEX] = value
        world.settle()
        world.finish()
        world.settle()
    assert len(made(world)) == 3


def test_a_pod_template_that_changed_restarts_only_what_has_not_ended_well() -> None:
    """Mending the pods of a run that hangs or failed starts it anew; one that succeeded is left."""
    done = filled()
    done.change(indexing={"batchSize": 8})
    done.settle()
    assert len(made(done)) == 1
    failed = World()
    failed.settle()
    failed.finish("Failed", problem=("OutOfMemory", "Killed."))
    failed.settle()
    assert failed.condition("Indexed") == ("False", "OutOfMemory")
    failed.change(indexing={"batchSize": 8})
    failed.settle()
    assert len(made(failed)) == 2
    running = World()
    running.settle()
    running.change(indexing={"batchSize": 8})
    running.settle()
    assert len(running.running) == 1
    assert len(made(running)) == 2


def test_a_failed_run_is_not_repeated_by_itself() -> None:
    """A Job has its own retries; when it has given up, a person decides."""
    world = World()
    world.settle()
    world.finish("Failed")
    world.settle()
    world.wait(10_000)
    world.settle()
    world.jobs.clear()
    world.settle()
    assert len(made(world)) == 1
    assert world.condition("Indexed") == ("False", "JobFailed")
    assert world.condition("Degraded") == ("True", "JobFailed")


def test_scaling_changes_the_job_in_place() -> None:
    """Pods are added to the run under way; it is not begun anew."""
    world = World()
    world.change(indexing={"shards": 8, "parallelism": 2})
    world.settle()
    world.change(indexing={"shards": 8, "parallelism": 6})
    world.settle()
    (job,) = world.running
    assert job.parallelism == 6
    assert len(made(world)) == 1


def test_the_time_to_live_is_set_once_the_counts_are_copied() -> None:
    """The Job cannot vanish before the status knows what became of the pictures."""
    world = World()
    world.settle()
    world.finish()
    (job,) = world.jobs.values()
    assert job.ttl is None
    world.settle()
    assert world.status.indexing is not None
    assert world.status.indexing.indexed == world.pictures
    world.settle()
    (job,) = world.jobs.values()
    assert job.ttl == 86400


def test_a_job_deleted_by_hand_comes_back() -> None:
    """A child that somebody removed is made again, under the same name."""
    world = World()
    world.settle()
    (name,) = world.jobs
    world.jobs.clear()
    world.settle()
    assert list(world.jobs) == [name]


def test_a_job_that_is_being_deleted_is_waited_for() -> None:
    """Nothing is applied to what is on its way out; the plan looks again."""
    world = World()
    world.settle()
    (name,) = world.jobs
    world.jobs[name] = replace(world.jobs[name], deleting=True)
    decided = world.plan()
    assert decided.actions == ()
    assert decided.again is not None


def test_a_schedule_makes_one_run_a_tick() -> None:
    """Each tick is answered once, however often one looks, and many that were missed once."""
    world = filled(indexing={"schedule": "0 3 * * *"})
    assert len(made(world)) == 1
    for day in (2, 3):
        world.now = datetime(2026, 1, day, 3, 0, 30, tzinfo=UTC)
        for _ in range(3):
            world.settle()
        world.finish()
        world.settle()
    assert len(made(world)) == 3
    world.now = datetime(2026, 2, 1, 0, 0, tzinfo=UTC)
    world.settle()
    world.finish()
    world.settle()
    assert len(made(world)) == 4


def test_scheduled_runs_do_not_overlap() -> None:
    """A tick that comes during a run waits for its end."""
    world = World()
    world.change(indexing={"schedule": "* * * * *"})
    world.settle()
    (first,) = world.running
    world.wait(600)
    world.settle()
    assert [job.name for job in world.running] == [first.name]
    world.finish()
    world.settle()
    world.settle()
    assert [job.name for job in world.running] != [first.name]
    assert len(world.running) == 1


def test_the_next_look_is_at_the_next_tick() -> None:
    """An idle index is looked at when its schedule says so."""
    world = filled(indexing={"schedule": "0 3 * * *"})
    decided = world.settle()
    assert decided.again == 3 * 3600


def test_a_schedule_that_cannot_be_read_is_said() -> None:
    """The message names the field, and nothing is started."""
    world = World()
    world.change(indexing={"schedule": "0 3 * * 99"})
    world.settle()
    assert world.condition("Stalled") == ("True", "InvalidSpec")
    assert world.jobs == {}


def test_a_pod_that_cannot_run_is_said_while_it_waits() -> None:
    """Unschedulable pods, missing images and unbound volumes are reasons, not silence."""
    world = World()
    world.settle()
    (name,) = world.jobs
    world.jobs[name] = replace(world.jobs[name], problem=("PodUnschedulable", "0/1 nodes have nvidia.com/gpu."))
    world.settle()
    assert world.condition("Indexed") == ("False", "PodUnschedulable")
    assert world.condition("Ready") == ("False", "PodUnschedulable")


def test_progress_is_written_at_most_every_ten_seconds_or_one_per_cent() -> None:
    """A status write for every picture would be a write for every picture."""
    world = World(pictures=100_000)
    world.settle()
    world.progress(1000)
    world.settle()
    assert world.status.indexing is not None
    assert (world.status.indexing.percent, world.status.indexing.images_per_second) == (1, "100.0")
    world.wait(2)
    world.progress(1001)
    world.settle()
    assert world.status.indexing.processed == 1000
    world.wait(9)
    world.settle()
    assert world.status.indexing.processed == 1001
    world.wait(1)
    world.progress(2001)
    world.settle()
    assert world.status.indexing.percent == 2
    assert world.status.indexing.estimated_completion_time is not None


def test_a_lost_status_costs_nothing_but_the_counts() -> None:
    """Everything that is decided follows from the store and the Jobs."""
    world = filled()
    world.status = SearchIndexStatus()
    world.settle()
    assert len(made(world)) == 1
    assert world.condition("Ready") == ("True", "Available")


def test_the_first_pod_s_fingerprint_does_not_restart_its_own_run() -> None:
    """What the pods write into the collection is no change of what they were told."""
    world = World()
    world.settle()
    (name,) = world.collections
    world.collections[name] = replace(world.collections[name], fingerprint="0123456789abcdef")
    world.settle()
    assert len(made(world)) == 1


def test_pods_that_say_nothing_are_said_to() -> None:
    """A volume that hangs leaves no reason in the pod: after a minute the message says where to look."""
    world = World()
    world.settle()
    world.wait(61)
    world.settle()
    (ready,) = [each for each in world.status.conditions if each.type == "Ready"]
    assert "kubectl describe pods" in ready.message
    world.progress(10)
    world.wait(11)
    world.settle()
    (ready,) = [each for each in world.status.conditions if each.type == "Ready"]
    assert ready.message == "10 of 1000 pictures."
