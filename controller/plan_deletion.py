"""What remains to be done for a SearchIndex that is being deleted. Pure.

It never hangs: Retain does not ask the store at all, and for Delete an unreachable store is waited for only so long. It never drops
what carries another's uid.
"""

from dataclasses import dataclass
from datetime import datetime

from controller.actions import Action, DropAlias, DropCollection, RecordEvent, RemoveFinalizer
from controller.conditions import Reason
from controller.names import FINALIZER, FORCE_DELETE
from controller.observed import Observed, Resource
from controller.plan_runs import delete_jobs
from searchindex.spec import ReclaimPolicy

WAIT_STORE, WAIT_JOBS = 5.0, 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """`waiting_for`: a sentence, empty where nothing is waited for."""

    actions: tuple[Action, ...] = ()
    events: tuple[RecordEvent, ...] = ()
    waiting_for: str = ""
    again: float | None = None


def needs_store(resource: Resource) -> bool:
    """A collection that is to be kept is not even looked at."""
    return resource.deleted is None or (FINALIZER in resource.finalizers and resource.spec.reclaim_policy is ReclaimPolicy.DELETE)


def plan_deletion(observed: Observed, *, timeout: float, now: datetime) -> Deletion:
    """`timeout` in seconds since the deletion was asked for."""
    resource = observed.resource
    if FINALIZER not in resource.finalizers:
        return Deletion()
    release = RemoveFinalizer(finalizer=FINALIZER)
    if not needs_store(resource):
        return Deletion(actions=(release,))
    overdue = resource.deleted is not None and (now - resource.deleted).total_seconds() > timeout
    if observed.store.problem is not None:
        return _unreachable(observed, release, overdue=overdue)
    if observed.jobs and not overdue:  # a pod that still runs would write into a collection that is being dropped
        return Deletion(actions=delete_jobs(observed.jobs), waiting_for="its indexing Jobs to end", again=WAIT_JOBS)
    drops = _drops(observed)
    return Deletion(actions=drops or (release,), waiting_for="its collections to be dropped" if drops else "")


def _drops(observed: Observed) -> tuple[Action, ...]:
    mine = {name: each for name, each in observed.store.collections.items() if each.owner.uid == observed.resource.uid}
    alias = (DropAlias(alias=observed.resource.alias),) if observed.store.alias_target in mine else ()
    return (*alias, *(DropCollection(name=name, uid=observed.resource.uid) for name in sorted(mine)))


def _unreachable(observed: Observed, release: RemoveFinalizer, *, overdue: bool) -> Deletion:
    problem = observed.store.problem
    forced = observed.resource.annotations.get(FORCE_DELETE) == "true"
    if problem is not None and (forced or overdue or problem.gone or observed.namespace_terminating):
        status = observed.resource.status
        names = ", ".join(each.collection for each in (status.active, status.candidate, *status.history) if each is not None)
        message = f"The store could not be asked ({problem.message}); left behind: {names or 'nothing that is known'}."
        event = RecordEvent(kind="Warning", reason=Reason.COLLECTION_LEFT_BEHIND, message=message)
        return Deletion(actions=(*delete_jobs(observed.jobs), release), events=(event,))
    return Deletion(actions=delete_jobs(observed.jobs), waiting_for="the store to answer", again=WAIT_STORE)
