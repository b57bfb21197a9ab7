"""What pods say and why they do not run, with statuses as the kubelet and the scheduler write them."""

import json
from typing import Any

import pytest

from controller.observed import Counts
from controller.pods import counts_of, pod_problem, problem_of

JOB: dict[str, Any] = {"metadata": {"name": "job"}, "status": {}}


def said(shard: int = 0, **numbers: Any) -> dict[str, Any]:
    zeros = dict.fromkeys(("total", "indexed", "unchanged", "skipped", "failed", "deleted"), 0)
    return {"shard": shard, "shards": 2} | zeros | numbers


def pod(name: str, *, shard: int = 0, created: str = "2026-01-01T00:00:00Z", phase: str = "Pending", **status: Any) -> dict[str, Any]:
    annotations = {"batch.kubernetes.io/job-completion-index": str(shard)}
    metadata = {"name": name, "uid": f"uid-{name}", "creationTimestamp": created, "annotations": annotations}
    return {"metadata": metadata, "status": {"phase": phase} | status}


def ended(name: str, message: Any, *, code: int = 0, reason: str = "Completed", **others: Any) -> dict[str, Any]:
    text = message if isinstance(message, str) else json.dumps(message)
    state = {"terminated": {"exitCode": code, "reason": reason, "message": text}}
    return pod(name, phase="Failed" if code else "Succeeded", containerStatuses=[{"name": "indexer", "state": state}], **others)


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return pod("a", containerStatuses=[{"name": "indexer", "state": {"waiting": {"reason": reason, "message": message}}}])


def unscheduled(message: str) -> dict[str, Any]:
    return pod("a", conditions=[{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}])


def test_shards_are_summed() -> None:
    """A shard that has ended by its last word, one that runs by what it answers; only the running one has a rate."""
    done = ended("a", said(0, total=50, indexed=40, skipped=10, reason="Completed", images_per_second=9.0))
    running = pod("b", shard=1, phase="Running")
    live = {"uid-b": said(1, total=60, indexed=20, images_per_second=4.5)}
    wanted = Counts(total=110, indexed=60, skipped=10, images_per_second=4.5, complete=False)
    assert counts_of([done, running], live, completions=2) == wanted


def test_all_shards_completed_is_complete() -> None:
    """And a shard that ended badly is not."""
    pods = [ended("a", said(0, reason="Completed")), ended("b", said(1, reason="Completed"), shard=1)]
    assert counts_of(pods, {}, completions=2).complete
    pods[1] = ended("b", said(1, reason="Interrupted"), shard=1, code=143)
    assert not counts_of(pods, {}, completions=2).complete


def test_a_retried_pod_does_not_count_twice() -> None:
    """What its predecessor indexed is unchanged to it."""
    first = ended("a", said(0, total=100, indexed=70, reason="Interrupted"), code=143)
    second = ended("b", said(0, total=100, unchanged=70, indexed=30, reason="Completed"), created="2026-01-01T00:05:00Z")
    counts = counts_of([second, first], {}, completions=1)
    assert (counts.total, counts.processed, counts.complete) == (100, 100, True)


def test_a_retried_pod_that_has_not_spoken_yet_takes_nothing_back() -> None:
    """Until it says something, its predecessor's word stands."""
    first = ended("a", said(0, total=100, indexed=70, reason="Interrupted"), code=143)
    assert counts_of([first, pod("b", created="2026-01-01T00:05:00Z")], {}, completions=1).indexed == 70


@pytest.mark.parametrize("message", ["", "Killed", "[1]", '{"total": 1}', '{"indexed": "x"}', json.dumps(said(0) | {"indexed": None})])
def test_a_message_that_is_not_ours_is_passed_over(message: str) -> None:
    """People put other containers into the pod, and kubelets their own words into messages."""
    assert counts_of([ended("a", message)], {}, completions=1) == Counts()


def test_a_rate_that_is_no_number_is_none() -> None:
    """JSON as Python writes it may hold `Infinity`; an estimate made from it would be nonsense."""
    running = pod("a", phase="Running")
    assert counts_of([running], {"uid-a": said(images_per_second=float("inf"))}, completions=1).images_per_second == 0


def test_numbers_are_read_with_care() -> None:
    """A pod that sends nonsense spoils no sum; before the pictures are listed there is no total."""
    odd = ended("a", said(0) | {"total": None, "images_per_second": "many", "failed": -3})
    assert counts_of([odd], {"uid-a": said(0) | {"total": None, "images_per_second": "many"}}, completions=1) == Counts()


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        (unscheduled("0/3 nodes are available: 3 Insufficient nvidia.com/gpu."), "PodUnschedulable"),
        (unscheduled('0/3 nodes are available: persistentvolumeclaim "pictures" not found.'), "VolumeUnavailable"),
        (unscheduled("0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims."), "VolumeUnavailable"),
        (unscheduled("0/3 nodes are available: 3 node(s) didn't find available persistent volumes to bind."), "VolumeUnavailable"),
        (waiting("ImagePullBackOff", "Back-off pulling image"), "ImageUnavailable"),
        (waiting("ErrImagePull"), "ImageUnavailable"),
        (waiting("CreateContainerConfigError", 'secret "store" not found'), "PodConfigurationError"),
        (ended("a", "", code=137, reason="OOMKilled"), "OutOfMemory"),
        (ended("a", "", code=3, reason="Error"), "BadConfiguration"),
        (ended("a", said(reason="PruneLimitExceeded", message="too many"), code=5, reason="Error"), "PruneLimitExceeded"),
        (ended("a", said(reason="FailureBudgetExceeded", message="too many"), code=5, reason="Error"), "FailureBudgetExceeded"),
        (ended("a", said(reason="StoreUnavailable", message="away"), code=4, reason="Error"), "StoreUnreachable"),
        (ended("a", said(reason="StorageFull", message="no room"), code=4, reason="Error"), "StorageFull"),
        (ended("a", said(reason="InternalError", message="a defect"), code=1, reason="Error"), "JobFailed"),
        (pod("a", phase="Failed", reason="Evicted", message="The node was low on memory."), "JobFailed"),
    ],
)
def test_each_trouble_has_its_reason(seen: dict[str, Any], reason: str) -> None:
    """A condition's reason that can be acted upon, and words."""
    problem = pod_problem(seen)
    assert problem is not None
    assert problem[0] == reason
    assert problem[1]


@pytest.mark.parametrize(
    "seen", [pod("a", phase="Running"), waiting("ContainerCreating"), waiting("PodInitializing"), ended("a", said()), pod("a")]
)
def test_a_pod_on_its_way_is_no_trouble(seen: dict[str, Any]) -> None:
    """Nobody is alarmed by a pod that starts, runs or has succeeded."""
    assert pod_problem(seen) is None


def test_the_kubelets_words_are_handed_on() -> None:
    """They name the Secret, the image, the claim."""
    assert pod_problem(waiting("CreateContainerConfigError", 'secret "store" not found')) == (
        "PodConfigurationError",
        'secret "store" not found',
    )
    assert pod_problem(ended("a", said(reason="BadConfiguration", message="No such model."), code=3)) == (
        "BadConfiguration",
        "No such model.",
    )


def test_only_the_newest_pod_of_a_shard_counts() -> None:
    """A shard that was tried again and runs is well."""
    dead = ended("a", "", code=137, reason="OOMKilled")
    assert problem_of(JOB, [dead]) is not None
    assert problem_of(JOB, [dead, pod("b", phase="Running", created="2026-01-01T00:05:00Z")]) is None


def test_a_reason_that_helps_comes_first() -> None:
    """One shard merely failed, another says why."""
    merely = ended("a", "", code=1, reason="Error")
    why = ended("b", "", code=137, reason="OOMKilled", shard=1)
    problem = problem_of(JOB, [merely, why])
    assert problem is not None
    assert problem[0] == "OutOfMemory"


def test_a_jobs_own_end_goes_before_its_pods() -> None:
    """A deadline kills pods, which then look as if they had failed; a success forgives every retry."""
    dead = ended("a", "", code=137, reason="Error")
    for type_, reason, wanted in (("Failed", "DeadlineExceeded", "DeadlineExceeded"), ("Complete", "", None)):
        job = {"metadata": {}, "status": {"conditions": [{"type": type_, "status": "True", "reason": reason}]}}
        problem = problem_of(job, [dead])
        assert (problem and problem[0]) == wanted
