"""What to do for one SearchIndex, decided from what was observed and nothing else. Pure: the same input gives the same plan.

obstacles -> revisions -> settings -> run -> promotion -> conditions. Applying a plan and planning again ends in an empty plan.
"""

from dataclasses import dataclass
from datetime import datetime

from controller.actions import Action, AddFinalizer, PointAlias, RecordEvent, RemoveFinalizer
from controller.build_threads import threads_change
from controller.conditions import Reason
from controller.findings import Findings
from controller.names import FINALIZER, RECONCILE
from controller.observed import Collection, Defaults, Observed
from controller.plan_deletion import plan_deletion
from controller.plan_revisions import Obstacle, Revisions, plan_revisions
from controller.plan_runs import Run, plan_run
from controller.plan_status import build_status, transitions
from controller.settings_diff import described, settings_change, settings_hash, wanted_settings
from searchindex.errors import InvalidInput
from searchindex.spec import ReclaimPolicy
from searchindex.status import RunResult, SearchIndexStatus

POLL_RUN, POLL_STORE, POLL_INDEX = 10.0, 5.0, 5.0
SEGMENT_KILOBYTES = 10_000  # collections are made with this indexing threshold: smaller segments are searched without an index


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`status` describes what was observed, not what the actions will do. `events` go with it. `again`: seconds until the next look."""

    actions: tuple[Action, ...]
    status: SearchIndexStatus
    events: tuple[RecordEvent, ...] = ()
    again: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Settings:
    actions: tuple[Action, ...] = ()
    drift: str = ""


def plan(observed: Observed, defaults: Defaults, *, now: datetime) -> Plan:
    """All of it."""
    if observed.resource.deleted is not None:
        return _deletion(observed, defaults, now=now)
    finalizer = _finalizer(observed)
    if observed.resource.annotations.get(RECONCILE) == "disabled":
        return _plan(observed, Findings(disabled=True), (), now=now)
    if observed.store.problem is not None:
        return _plan(observed, Findings(), finalizer, again=POLL_STORE, now=now)
    revisions = plan_revisions(observed)
    if revisions.obstacle is not None:
        return _plan(observed, Findings(obstacle=revisions.obstacle), finalizer, now=now)
    if observed.resource.spec.suspend:
        return _suspended(observed, revisions, finalizer, defaults, now=now)
    return _working(observed, revisions, finalizer, defaults, now=now)


def _deletion(observed: Observed, defaults: Defaults, *, now: datetime) -> Plan:
    decided = plan_deletion(observed, timeout=defaults.delete_timeout_seconds, now=now)
    status = build_status(observed, Findings(deleting=decided.waiting_for), now=now)
    return Plan(actions=decided.actions, status=status, events=decided.events, again=decided.again)


def _working(observed: Observed, revisions: Revisions, finalizer: tuple[Action, ...], defaults: Defaults, *, now: datetime) -> Plan:
    target = revisions.target
    settings = _settings(observed, revisions)
    if target is None or _changes_target(revisions, target):
        return _plan(observed, Findings(revisions=revisions), (*finalizer, *revisions.actions), now=now)
    try:
        run = plan_run(observed, target, defaults, now=now)
    except InvalidInput as error:
        obstacle = Obstacle(reason=Reason.INVALID_SPEC, message=str(error))
        return _plan(observed, Findings(obstacle=obstacle, revisions=revisions), finalizer, now=now)
    last = _promotion(observed, revisions, run) or _threads(observed, revisions)
    findings = Findings(revisions=revisions, run=run, drift=settings.drift, optimized=is_optimized(target))
    actions = (*finalizer, *revisions.actions, *settings.actions, *run.actions, *last)
    return _plan(observed, findings, actions, again=_again(run, findings, now=now), now=now)


def _suspended(observed: Observed, revisions: Revisions, finalizer: tuple[Action, ...], defaults: Defaults, *, now: datetime) -> Plan:
    """Only the run under way is told; nothing else is touched."""
    target = revisions.target
    run = plan_run(observed, target, defaults, now=now) if target is not None and not _changes_target(revisions, target) else None
    findings = Findings(revisions=revisions, run=run, suspended=True)
    return _plan(observed, findings, (*finalizer, *(run.actions if run else ())), now=now)


def _plan(observed: Observed, findings: Findings, actions: tuple[Action, ...], *, now: datetime, again: float | None = None) -> Plan:
    status = build_status(observed, findings, now=now)
    return Plan(actions=actions, status=status, events=transitions(observed.resource.status, status), again=again)


def _finalizer(observed: Observed) -> tuple[Action, ...]:
    """Only where deleting the resource is to delete something: without it, nothing can ever hang on this controller."""
    has = FINALIZER in observed.resource.finalizers
    wants = observed.resource.spec.reclaim_policy is ReclaimPolicy.DELETE
    if wants and not has:
        return (AddFinalizer(finalizer=FINALIZER),)
    return (RemoveFinalizer(finalizer=FINALIZER),) if has and not wants else ()


def _changes_target(revisions: Revisions, target: Collection) -> bool:
    """A run is planned for a collection whose owner and revision stand, never for one that is about to be stamped."""
    return any(getattr(action, "name", None) == target.name for action in revisions.actions)


def _settings(observed: Observed, revisions: Revisions) -> _Settings:
    """Changes of the spec are applied; changes behind our back are corrected or reported, as driftPolicy says."""
    wanted = wanted_settings(observed.resource.spec)
    there = [each for each in (revisions.active, revisions.candidate) if each is not None]
    changes = [change for each in there if (change := settings_change(each, wanted)) is not None]
    applied = observed.resource.status.active.settings_hash if observed.resource.status.active else None
    drift = "; ".join(f"{change.name}: {described(change)}" for change in changes) if applied == settings_hash(wanted) else ""
    if drift and observed.resource.spec.drift_policy == "Report":
        return _Settings(drift=drift)
    return _Settings(actions=tuple(changes))


def _threads(observed: Observed, revisions: Revisions) -> tuple[Action, ...]:
    """Never drift: what is put back is only what the controller itself held down."""
    active, candidate, most = revisions.active, revisions.candidate, observed.resource.spec.rollout.build_threads
    changes = (
        threads_change(active, beside=None, most=most) if active else None,
        threads_change(candidate, beside=active, most=most) if candidate else None,
    )
    return tuple(change for change in changes if change is not None)


def _promotion(observed: Observed, revisions: Revisions, run: Run) -> tuple[Action, ...]:
    """The place for gates, soak and warmed pods: all of them conditions on this one step."""
    candidate, active = revisions.candidate, revisions.active
    if candidate is None or active is None or run.done is not RunResult.SUCCEEDED or not is_optimized(candidate):
        return ()
    return (PointAlias(alias=observed.resource.alias, collection=candidate.name, previous=active.name),)


def is_optimized(collection: Collection) -> bool:
    """Green alone is not believed: what is not indexed must fit in segments too small to be."""
    small = collection.segments * SEGMENT_KILOBYTES * 1024 // (4 * collection.dim)
    return collection.status == "green" and collection.points - collection.indexed <= small


def _again(run: Run, findings: Findings, *, now: datetime) -> float | None:
    if run.active or (run.job is not None and run.job.deleting):
        return POLL_RUN
    if run.done is RunResult.SUCCEEDED and not findings.optimized:
        return POLL_INDEX
    return max(1.0, (run.next_tick - now).total_seconds()) if run.next_tick else None
