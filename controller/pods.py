"""What the pods of an indexing Job say: how many pictures they have seen to, and why they do not run. Pure.

A pod that has ended speaks through its termination message, a running one over HTTP; both say the same JSON. Of the pods of one shard
the newest that says anything counts: its predecessors' pictures are `unchanged` to it.
"""

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from controller.conditions import Reason
from controller.observed import Counts, Manifest
from controller.resources import ending

COMPLETION_INDEX = "batch.kubernetes.io/job-completion-index"
COMPLETED = "Completed"
BAD_CONFIGURATION_STATUS = 3
FIELDS = ("total", "indexed", "unchanged", "skipped", "failed", "deleted")
Said = Mapping[str, Any]  # a progress document

_TOLD = {
    "BadConfiguration": Reason.BAD_CONFIGURATION,
    "FailureBudgetExceeded": Reason.FAILURE_BUDGET_EXCEEDED,
    "PruneLimitExceeded": Reason.PRUNE_LIMIT_EXCEEDED,
    "FingerprintMismatch": Reason.FINGERPRINT_MISMATCH,
    "StoreUnavailable": Reason.STORE_UNREACHABLE,
    "StorageFull": Reason.STORAGE_FULL,
}
_WAITING = {
    "ErrImagePull": Reason.IMAGE_UNAVAILABLE,
    "ImagePullBackOff": Reason.IMAGE_UNAVAILABLE,
    "InvalidImageName": Reason.IMAGE_UNAVAILABLE,
    "ErrImageNeverPull": Reason.IMAGE_UNAVAILABLE,
    "ImageInspectError": Reason.IMAGE_UNAVAILABLE,
    "CreateContainerConfigError": Reason.POD_CONFIGURATION,
    "CreateContainerError": Reason.POD_CONFIGURATION,
    "RunContainerError": Reason.POD_CONFIGURATION,
}
Problem = tuple[str, str]


def counts_of(pods: Iterable[Manifest], live: Mapping[str, Said], *, completions: int) -> Counts:
    """`live`: by a running pod's uid, what it answered."""
    heard: dict[int, Said] = {}
    for pod in sorted(pods, key=_age):
        said = live.get(_uid(pod)) or last_word(pod)
        if said is not None:
            heard[shard_of(pod, said)] = said
    sums = {field: sum(_count(said, field) for said in heard.values()) for field in FIELDS}
    running = {shard_of(pod, {}) for pod in pods if _uid(pod) in live}
    rate = sum(_rate(said) for shard, said in heard.items() if shard in running)
    complete = sum(said.get("reason") == COMPLETED for said in heard.values()) >= completions
    return Counts(**sums, images_per_second=rate, complete=complete)


def problem_of(job: Manifest, pods: Iterable[Manifest]) -> Problem | None:
    """The first that stands in the way, in the order of shards; what is only known to have failed comes last."""
    end = ending(job)
    if end is not None and end["type"] == "Complete":
        return None
    if end is not None and end.get("reason") == "DeadlineExceeded":
        return Reason.DEADLINE_EXCEEDED, Reason.DEADLINE_EXCEEDED.meaning
    newest = {shard_of(pod, {}): pod for pod in sorted(pods, key=_age)}
    found = [problem for _, pod in sorted(newest.items()) if (problem := pod_problem(pod)) is not None]
    return min(found, key=lambda problem: problem[0] == Reason.JOB_FAILED, default=None)


def pod_problem(pod: Manifest) -> Problem | None:
    """None for a pod that runs, has succeeded, or is merely on its way."""
    for state in _states(pod):
        if problem := _waiting(state) or _terminated(state):
            return problem
    status = pod.get("status") or {}
    if status.get("phase") == "Failed":
        return Reason.JOB_FAILED, str(status.get("message") or status.get("reason") or "A pod failed.")
    return _unscheduled(status)


def last_word(pod: Manifest) -> Said | None:
    """The termination message, where it is ours."""
    for state in _states(pod):
        said = _document((state.get("terminated") or {}).get("message"))
        if said is not None:
            return said
    return None


def shard_of(pod: Manifest, said: Said) -> int:
    metadata = pod["metadata"]
    text = (metadata.get("annotations") or {}).get(COMPLETION_INDEX) or (metadata.get("labels") or {}).get(COMPLETION_INDEX)
    return int(text) if text is not None else _count(said, "shard")


def is_progress(said: Any) -> bool:
    """Whether a JSON value is a progress document; its numbers are read with care anyway."""
    return isinstance(said, dict) and all(isinstance(said.get(field), int) for field in FIELDS[1:])


def _waiting(state: Mapping[str, Any]) -> Problem | None:
    waiting = state.get("waiting") or {}
    reason = _WAITING.get(str(waiting.get("reason")))
    return None if reason is None else (reason, str(waiting.get("message") or waiting["reason"]))


def _terminated(state: Mapping[str, Any]) -> Problem | None:
    ended = state.get("terminated") or {}
    if not ended.get("exitCode") and ended.get("reason") != "OOMKilled":
        return None
    said = _document(ended.get("message")) or {}
    if ended.get("reason") == "OOMKilled":
        return Reason.OUT_OF_MEMORY, Reason.OUT_OF_MEMORY.meaning
    reason = _TOLD.get(str(said.get("reason")))
    if reason is None:
        reason = Reason.BAD_CONFIGURATION if ended.get("exitCode") == BAD_CONFIGURATION_STATUS else Reason.JOB_FAILED
    words = said.get("message") or ("" if said else ended.get("message"))
    return reason, str(words or f"A pod ended with status {ended.get('exitCode')}.")


def _unscheduled(status: Mapping[str, Any]) -> Problem | None:
    conditions: Iterable[Mapping[str, Any]] = status.get("conditions") or ()
    for each in conditions:
        if each.get("type") == "PodScheduled" and each.get("status") == "False" and each.get("reason") == "Unschedulable":
            message = str(each.get("message") or "")
            volume = "persistentvolumeclaim" in message.lower() or "persistent volumes" in message.lower()
            return (Reason.VOLUME_UNAVAILABLE if volume else Reason.POD_UNSCHEDULABLE), message
    return None


def _states(pod: Manifest) -> Iterable[Mapping[str, Any]]:
    status = pod.get("status") or {}
    for each in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        yield each.get("state") or {}


def _document(text: Any) -> Said | None:
    try:
        said = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return said if is_progress(said) else None


def _count(said: Said, field: str) -> int:
    found = said.get(field)
    return max(0, found) if isinstance(found, int) else 0


def _rate(said: Said) -> float:
    found = said.get("images_per_second")
    return max(0.0, float(found)) if isinstance(found, int | float) and math.isfinite(found) else 0.0


def _age(pod: Manifest) -> tuple[str, str]:
    return str(pod["metadata"].get("creationTimestamp", "")), str(pod["metadata"].get("name", ""))


def _uid(pod: Manifest) -> str:
    return str(pod["metadata"].get("uid", ""))
