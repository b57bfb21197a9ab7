"""What each condition says, as policy chains: the first check that is violated names the reason. Pure."""

from collections.abc import Iterator

from controller.conditions import Fact, Reason, Truth, find
from controller.findings import Findings
from controller.observed import Observed
from searchindex.status import CandidateStage, ConditionType, RunResult, SearchIndexStatus

T = ConditionType
PERMANENT = {Reason.COLLECTION_CONFLICT, Reason.NOT_OWNED, Reason.MODEL_NOT_FOUND, Reason.INVALID_SPEC, Reason.BAD_CONFIGURATION}


def verdicts(observed: Observed, findings: Findings, told: SearchIndexStatus) -> list[Fact]:
    """Every condition, in the order in which they are shown. `told`: the status as it will be, but for its conditions."""
    if findings.disabled:
        return _disabled(told)
    facts = [
        _store_reachable(observed),
        _collection_ready(observed, findings, told),
        _indexed(observed, findings, told),
        _up_to_date(observed, findings, told),
        _degraded(observed, findings, told),
    ]
    ready = _ready(findings, told, facts)
    return [ready, *facts, *_kstatus(findings, ready, facts)]


def _store_reachable(observed: Observed) -> Fact:
    problem = observed.store.problem
    if problem is not None:
        return Fact(T.STORE_REACHABLE, "False", problem.reason, problem.message)
    return Fact(T.STORE_REACHABLE, "True", Reason.CONNECTED)


def _collection_ready(observed: Observed, findings: Findings, told: SearchIndexStatus) -> Fact:
    if observed.store.problem is not None:
        return Fact(T.COLLECTION_READY, "Unknown", Reason.STORE_UNOBSERVED, "The store could not be asked.")
    if findings.obstacle is not None:
        return Fact(T.COLLECTION_READY, "False", findings.obstacle.reason, findings.obstacle.message)
    if told.active is None:
        missing = observed.resource.status.active is not None
        reason = Reason.COLLECTION_MISSING if missing else Reason.CREATING
        return Fact(T.COLLECTION_READY, "False", reason, reason.meaning)
    return Fact(T.COLLECTION_READY, "True", Reason.AVAILABLE, f"{observed.resource.alias} is {told.active.collection}.")


def _indexed(observed: Observed, findings: Findings, told: SearchIndexStatus) -> Fact:
    for status, reason, message in _indexed_checks(observed, findings, told):
        return Fact(T.INDEXED, status, reason, message)
    run = told.indexing
    message = f"{run.indexed + run.unchanged} pictures are in, {run.skipped} skipped, {run.failed} failed." if run else ""
    return Fact(T.INDEXED, "True", Reason.RUN_SUCCEEDED, message)


def _indexed_checks(observed: Observed, findings: Findings, told: SearchIndexStatus) -> Iterator[tuple[Truth, Reason, str]]:
    run, job = findings.run, findings.run.job if findings.run else None
    if observed.store.problem is not None and run is None:
        yield "Unknown", Reason.STORE_UNOBSERVED, "The store could not be asked."
    if run is None:
        if findings.obstacle is not None:
            yield "False", findings.obstacle.reason, "Nothing can be indexed before that is settled."
        suspended = findings.suspended
        yield "False", Reason.SUSPENDED if suspended else Reason.RUN_PENDING, "No run has been made yet."
        return
    if run.done is RunResult.FAILED:
        yield "False", *failure(findings, told)
    if run.done is None and findings.suspended:
        yield "False", Reason.SUSPENDED, Reason.SUSPENDED.meaning
    if run.done is None and job is not None and job.problem is not None and job.problem[0] in set(Reason):
        yield "False", Reason(job.problem[0]), job.problem[1]
    if run.done is None:
        progress = told.indexing
        shown = f"{progress.processed} of {progress.total} pictures. {progress.message}".strip() if job is not None and progress else ""
        yield "False", Reason.INDEXING if job is not None else Reason.RUN_PENDING, shown
    if not findings.optimized and not findings.suspended:
        yield "False", Reason.OPTIMIZING, Reason.OPTIMIZING.meaning


def failure(findings: Findings, told: SearchIndexStatus) -> tuple[Reason, str]:
    """Why the last run failed: the pods' own word where they left one."""
    job = findings.run.job if findings.run else None
    message = (told.indexing.message if told.indexing else "") or "Look at the logs of its pods."
    if job is not None and job.problem is not None and job.problem[0] in set(Reason):
        return Reason(job.problem[0]), message
    known = find(told.conditions, T.INDEXED)
    if job is None and known is not None and known.status == "False" and known.reason in set(Reason):
        return Reason(known.reason), message
    return Reason.JOB_FAILED, message


def _up_to_date(observed: Observed, findings: Findings, told: SearchIndexStatus) -> Fact:
    if observed.store.problem is not None:
        return Fact(T.UP_TO_DATE, "Unknown", Reason.STORE_UNOBSERVED, "The store could not be asked.")
    if findings.obstacle is not None:
        return Fact(T.UP_TO_DATE, "False", findings.obstacle.reason, findings.obstacle.message)
    if told.candidate is not None:
        failed = told.candidate.stage is CandidateStage.FAILED
        reason = Reason.ROLLOUT_FAILED if failed else Reason.ROLLOUT_IN_PROGRESS
        return Fact(T.UP_TO_DATE, "False", reason, f"{told.candidate.collection}: {told.candidate.stage}.")
    revisions = findings.revisions
    behind = revisions is not None and revisions.active is not None
    if behind and revisions is not None and revisions.active is not None:
        wanted = revisions.active.owner.revision_hash == observed.resource.spec.revision_hash()
        if not wanted:
            reason = Reason.SUSPENDED if findings.suspended else Reason.ROLLOUT_IN_PROGRESS
            return Fact(T.UP_TO_DATE, "False", reason, reason.meaning)
    if told.active is None:
        return Fact(T.UP_TO_DATE, "False", Reason.CREATING, "There is no collection yet.")
    return Fact(T.UP_TO_DATE, "True", Reason.CURRENT, f"Revision {told.active.revision} was built with {told.active.model_name}.")


def _degraded(observed: Observed, findings: Findings, told: SearchIndexStatus) -> Fact:
    problem = observed.store.problem
    if problem is not None:
        return Fact(T.DEGRADED, "True", problem.reason, problem.message)
    if findings.drift:
        return Fact(T.DEGRADED, "True", Reason.CONFIGURATION_DRIFT, f"{findings.drift}.")
    if findings.run is not None and findings.run.done is RunResult.FAILED:
        reason, message = failure(findings, told)
        return Fact(T.DEGRADED, "True", reason, message)
    if told.active is None and observed.resource.status.active is not None and findings.obstacle is None:
        return Fact(T.DEGRADED, "True", Reason.COLLECTION_MISSING, Reason.COLLECTION_MISSING.meaning)
    missing = _points_missing(findings, told)
    if missing:
        message = f"{missing} points of the last run are gone. Annotate the SearchIndex with searchindex.dev/reindex to repair it."
        return Fact(T.DEGRADED, "True", Reason.POINTS_MISSING, message)
    return Fact(T.DEGRADED, "False", Reason.AS_EXPECTED)


def _points_missing(findings: Findings, told: SearchIndexStatus) -> int:
    """Against the last run that ended well; a run under way changes both sides."""
    run = told.indexing
    target = findings.revisions.target if findings.revisions else None
    if findings.run is None or findings.run.done is not RunResult.SUCCEEDED or run is None or target is None:
        return 0
    return max(0, run.indexed + run.unchanged - target.points) if run.revision == target.owner.revision else 0


def _ready(findings: Findings, told: SearchIndexStatus, facts: list[Fact]) -> Fact:
    """An active revision that was once filled is searched: true also while the next one is built or a later run fails."""
    if findings.deleting is not None:
        return Fact(T.READY, "False", Reason.DELETING, f"Waiting for {findings.deleting}." if findings.deleting else "")
    store, collection, indexed = facts[0], facts[1], facts[2]
    for fact in (store, collection):
        if fact.status != "True":
            return Fact(T.READY, "False", fact.reason, fact.message)
    if told.active is not None and told.active.promoted_time is not None:
        return Fact(T.READY, "True", Reason.AVAILABLE, f"{told.active.points} pictures are searched.")
    return Fact(T.READY, "False", indexed.reason, indexed.message)


def _kstatus(findings: Findings, ready: Fact, facts: list[Fact]) -> list[Fact]:
    """`Stalled`: only the user can go on; `Reconciling`: the controller is at work (sigs.k8s.io/cli-utils, kstatus)."""
    stalled = next((fact for fact in facts if fact.status == "False" and fact.reason in PERMANENT), None)
    working = {
        Reason.INDEXING,
        Reason.OPTIMIZING,
        Reason.RUN_PENDING,
        Reason.CREATING,
        Reason.COLLECTION_MISSING,
        Reason.ROLLOUT_IN_PROGRESS,
    }
    busy = stalled is None and (findings.deleting is not None or any(fact.reason in working for fact in (ready, *facts)))
    return [
        Fact(T.RECONCILING, "True", Reason.IN_PROGRESS) if busy else Fact(T.RECONCILING, "False", Reason.IDLE),
        Fact(T.STALLED, "True", stalled.reason, stalled.message) if stalled else Fact(T.STALLED, "False", Reason.AS_EXPECTED),
    ]


def _disabled(told: SearchIndexStatus) -> list[Fact]:
    """The last word stands, but for the one that says that nobody is at work."""
    kept = [Fact(each.type, each.status, each.reason, each.message) for each in told.conditions if each.type is not T.RECONCILING]
    known = {fact.type for fact in kept}
    unknown = [Fact(each, "Unknown", Reason.DISABLED) for each in T if each not in known and each is not T.RECONCILING]
    return [*kept, *unknown, Fact(T.RECONCILING, "False", Reason.DISABLED, Reason.DISABLED.meaning)]
