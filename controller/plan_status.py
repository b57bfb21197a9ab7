"""The status that says what is: revisions, progress, conditions, and the Events for what changed. Pure.

What cannot be seen now (an unreachable store) is carried over from the last status and marked so by the conditions, never guessed.
"""

from collections.abc import Iterable
from datetime import datetime

from controller.actions import RecordEvent
from controller.conditions import find, set_conditions
from controller.findings import Findings
from controller.names import LABEL_INDEX
from controller.observed import Collection, Observed
from controller.progress_status import indexing_status
from controller.settings_diff import settings_change, settings_hash, wanted_settings
from controller.verdicts import verdicts
from searchindex.status import Candidate, CandidateStage, ConditionType, Revision, RunResult, SearchIndexStatus

HISTORY = 10


def build_status(observed: Observed, findings: Findings, *, now: datetime) -> SearchIndexStatus:
    """The whole of it."""
    before = observed.resource.status
    indexing = indexing_status(observed, findings.run, now=now)
    told = before.model_copy(
        update={
            "observed_generation": observed.resource.generation,
            "indexing": indexing,
            "indexing_pods": sum(job.active for job in observed.jobs),
            "selector": f"{LABEL_INDEX}={observed.resource.key.name}",
            **_revisions(observed, findings, now=now),
        }
    )
    facts = verdicts(observed, findings, told)
    conditions = set_conditions(before.conditions, facts, generation=observed.resource.generation, now=now)
    return told.model_copy(update={"conditions": conditions})


def transitions(before: SearchIndexStatus, after: SearchIndexStatus) -> tuple[RecordEvent, ...]:
    """Events for what is new in `after`; none for what stays."""
    return (*_condition_events(before, after), *_run_events(before, after), *_revision_events(before, after))


def _revisions(observed: Observed, findings: Findings, *, now: datetime) -> dict[str, object]:
    """Nothing where the store was not seen: then the last status stands."""
    seen = findings.revisions
    if seen is None:
        return {}
    before = observed.resource.status
    active = _active(observed, findings, seen.active, now=now)
    history = [_retired(before, each, now=now) for each in seen.retired][:HISTORY]
    return {"active": active, "candidate": _candidate(observed, findings), "history": history}


def _active(observed: Observed, findings: Findings, collection: Collection | None, *, now: datetime) -> Revision | None:
    if collection is None:
        return None
    known = _known(observed.resource.status, collection.name)
    full = findings.run is not None and findings.run.done is RunResult.SUCCEEDED and findings.revisions is not None
    is_target = findings.revisions is not None and findings.revisions.candidate is None
    promoted = known.promoted_time if known else None
    was_candidate = isinstance(known, Candidate)
    if promoted is None and (was_candidate or (full and is_target and findings.optimized)):
        promoted = now
    facts = _facts(observed, findings, collection, known)
    wanted = wanted_settings(observed.resource.spec)
    applied = known.settings_hash if known else None
    if settings_change(collection, wanted) is None:
        applied = settings_hash(wanted)
    return Revision(**facts, promoted_time=promoted, settings_hash=applied)


def _candidate(observed: Observed, findings: Findings) -> Candidate | None:
    collection = findings.revisions.candidate if findings.revisions else None
    if collection is None:
        return None
    run = findings.run
    stage = CandidateStage.PROVISIONING
    if run is not None and run.done is RunResult.FAILED:
        stage = CandidateStage.FAILED
    elif run is not None and run.done is RunResult.SUCCEEDED:
        stage = CandidateStage.OPTIMIZING
    elif run is not None and run.job is not None:
        stage = CandidateStage.INDEXING
    return Candidate(**_facts(observed, findings, collection, _known(observed.resource.status, collection.name)), stage=stage)


def _retired(before: SearchIndexStatus, collection: Collection, *, now: datetime) -> Revision:
    known = _known(before, collection.name)
    name = known.model_name if known else ""
    return Revision(
        revision=collection.owner.revision,
        collection=collection.name,
        model_name=name,
        model_fingerprint=collection.fingerprint or None,
        points=collection.points,
        trigger=known.trigger if known else None,
        retired_time=known.retired_time if known is not None and known.retired_time else now,
    )


def _facts(observed: Observed, findings: Findings, collection: Collection, known: Revision | None) -> dict[str, object]:
    spec = observed.resource.spec
    built_for_spec = collection.owner.revision_hash == spec.revision_hash()
    return {
        "revision": collection.owner.revision,
        "collection": collection.name,
        "model_name": spec.model.name if built_for_spec else (known.model_name if known else ""),
        "model_fingerprint": collection.fingerprint or None,
        "points": collection.points,
        "indexed_points": collection.indexed,
        "trigger": _filled(findings, collection) or (known.trigger if known else None),
    }


def _filled(findings: Findings, collection: Collection) -> str | None:
    """The trigger of the run that has just filled it, if that is what the run was for."""
    run, target = findings.run, findings.revisions.target if findings.revisions else None
    succeeded = run is not None and run.done is RunResult.SUCCEEDED and target is not None and target.name == collection.name
    return run.trigger if run is not None and succeeded else None


def _known(status: SearchIndexStatus, collection: str) -> Revision | None:
    told: Iterable[Revision | None] = (status.active, status.candidate, *status.history)
    return next((each for each in told if each is not None and each.collection == collection), None)


def _condition_events(before: SearchIndexStatus, after: SearchIndexStatus) -> Iterable[RecordEvent]:
    """When a condition that a person waits for turns, or says another reason for being wrong."""
    for condition in after.conditions:
        was = find(before.conditions, condition.type)
        turned = was is not None and (was.status, was.reason) != (condition.status, condition.reason)
        if condition.type in {ConditionType.READY, ConditionType.DEGRADED, ConditionType.STALLED} and turned:
            good = (condition.status == "True") == (condition.type is ConditionType.READY)
            yield RecordEvent(kind="Normal" if good else "Warning", reason=condition.reason, message=condition.message)


def _run_events(before: SearchIndexStatus, after: SearchIndexStatus) -> Iterable[RecordEvent]:
    run, was = after.indexing, before.indexing
    if run is None:
        return
    if was is None or was.job_name != run.job_name:
        yield RecordEvent(kind="Normal", reason="RunStarted", message=f"Indexing revision {run.revision} with the Job {run.job_name}.")
    if run.result is not None and (was is None or (was.job_name, was.result) != (run.job_name, run.result)):
        counts = f"{run.indexed} indexed, {run.unchanged} unchanged, {run.skipped} skipped, {run.failed} failed, {run.deleted} deleted"
        kind = "Normal" if run.result is RunResult.SUCCEEDED else "Warning"
        yield RecordEvent(kind=kind, reason=f"Run{run.result}", message=f"{counts}. {run.message}".strip())


def _revision_events(before: SearchIndexStatus, after: SearchIndexStatus) -> Iterable[RecordEvent]:
    if after.active and (before.active is None or before.active.collection != after.active.collection):
        message = f"The collection {after.active.collection} is searched, revision {after.active.revision}."
        yield RecordEvent(kind="Normal", reason="RevisionActive", message=message)
    if after.candidate and (before.candidate is None or before.candidate.collection != after.candidate.collection):
        message = f"The collection {after.candidate.collection} is being built, revision {after.candidate.revision}."
        yield RecordEvent(kind="Normal", reason="RolloutStarted", message=message)
