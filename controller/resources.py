"""Kubernetes' objects -> our values. Pure; nothing in an object that is not ours can make it fail, only a spec that cannot be read."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from controller.names import LABEL_REVISION, SCHEDULE_TIME, TEMPLATE_HASH, TRIGGER
from controller.observed import Counts, JobView, Key, Manifest, Resource
from searchindex.errors import InvalidInput, shorten
from searchindex.spec import SearchIndexSpec
from searchindex.status import SearchIndexStatus

RESULTS = {"Complete": "Succeeded", "Failed": "Failed"}  # conditions of a Job that has ended


def resource_of(manifest: Manifest) -> Resource:
    """InvalidInput on a spec that this version cannot read. A status that it cannot read is taken for none: it can be made anew."""
    metadata = manifest["metadata"]
    return Resource(
        key=Key(metadata["namespace"], metadata["name"]),
        uid=str(metadata.get("uid", "")),
        generation=int(metadata.get("generation", 0)),
        created=_required_time(metadata.get("creationTimestamp")),
        spec=_spec(manifest.get("spec")),
        status=_status(manifest.get("status")),
        annotations=dict(metadata.get("annotations") or {}),
        finalizers=tuple(metadata.get("finalizers") or ()),
        deleted=_time(metadata.get("deletionTimestamp")),
        resource_version=str(metadata.get("resourceVersion", "")),
    )


def job_of(manifest: Manifest, *, counts: Counts, problem: tuple[str, str] | None) -> JobView:
    """`counts` and `problem` are what its pods say."""
    metadata, spec, status = manifest["metadata"], manifest.get("spec") or {}, manifest.get("status") or {}
    labels, notes = metadata.get("labels") or {}, metadata.get("annotations") or {}
    end = ending(manifest)
    return JobView(
        name=str(metadata["name"]),
        revision=_number(labels.get(LABEL_REVISION)),
        trigger=str(notes.get(TRIGGER, "")),
        template_hash=str(notes.get(TEMPLATE_HASH, "")),
        created=_required_time(metadata.get("creationTimestamp")),
        completions=int(spec.get("completions") or 1),
        parallelism=int(spec.get("parallelism", 1)),
        suspended=bool(spec.get("suspend", False)),
        active=int(status.get("active") or 0),
        succeeded=int(status.get("succeeded") or 0),
        failed=_failed(status),
        result=None if end is None else RESULTS[end["type"]],
        result_message="" if end is None else str(end.get("message", "")),
        started=_time(status.get("startTime")),
        ended=None if end is None else _time(status.get("completionTime") or end.get("lastTransitionTime")),
        ttl=spec.get("ttlSecondsAfterFinished"),
        deleting="deletionTimestamp" in metadata,
        schedule_time=_time(notes.get(SCHEDULE_TIME)),
        counts=counts,
        problem=problem,
    )


def ending(job: Manifest) -> dict[str, Any] | None:
    """The condition that says how the Job ended; None while it has not."""
    conditions: Iterable[dict[str, Any]] = (job.get("status") or {}).get("conditions") or ()
    return next((each for each in conditions if each.get("type") in RESULTS and each.get("status") == "True"), None)


def count_indexes(text: str) -> int:
    """How many a Job's compressed list names: `1,3-5` names four."""
    ranges = [part.partition("-") for part in text.split(",") if part]
    return sum(int(last or first) - int(first) + 1 for first, _, last in ranges)


def _failed(status: dict[str, Any]) -> int:
    """Shards that were given up, where the Job counts by shard; else pods."""
    if "failedIndexes" in status:
        return count_indexes(str(status["failedIndexes"]))
    return int(status.get("failed") or 0)


def _spec(spec: Any) -> SearchIndexSpec:
    try:
        return SearchIndexSpec.model_validate(spec)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in ("spec", *first["loc"]))
        raise InvalidInput(f"{shorten(where, 100)}: {shorten(first['msg'])}.", hint="Correct the spec, or update the controller.") from None


def _status(status: Any) -> SearchIndexStatus:
    try:
        return SearchIndexStatus.model_validate(status or {})
    except ValidationError:
        return SearchIndexStatus()


def _time(text: Any) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _required_time(text: Any) -> datetime:
    found = _time(text)
    if found is None:
        raise InvalidInput("metadata.creationTimestamp is missing or no time.")
    return found


def _number(text: Any) -> int:
    return int(text) if isinstance(text, str) and text.isdecimal() and text.isascii() else 0
