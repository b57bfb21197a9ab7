"""One look at one SearchIndex: observe -> plan -> apply -> status. No kopf, no client: only the order of steps.

Decided on what the watch last said, acted upon only after a fresh read: an idle index costs the API server nothing, and no write ever
follows from a stale view.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from pydantic import ValidationError

from controller.actions import Action, ApplyJob, RecordEvent
from controller.conditions import Fact, Reason, set_conditions
from controller.names import FINALIZER, TRACE_ID
from controller.observed import Defaults, Key, Manifest, Observed, StoreProblem, StoreView
from controller.plan import Plan, plan
from controller.ports import Cluster, StoreError
from searchindex.errors import InvalidInput
from searchindex.status import ConditionType, SearchIndexStatus

logger = logging.getLogger(__name__)

ROUNDS = 6  # creating takes two; more than this many changes in a row are left to the next look
SOON = 1.0


class Observer(Protocol):
    async def observe(self, key: Key, *, fresh: bool) -> Observed | None:
        """None where there is no such SearchIndex. InvalidInput on a spec that this version cannot read. ClusterError."""
        ...


class Applier(Protocol):
    async def apply(self, observed: Observed, actions: Sequence[Action]) -> None:
        """In order. StoreError, ClusterError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`again`: seconds until the next look, None where only a change or the resync calls for one. `status`: None where it is gone."""

    status: SearchIndexStatus | None = None
    again: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciler:
    """`now`: the time in UTC. What is at rest, and looks as it did, needs no plan: hundreds of idle indexes cost next to nothing."""

    cluster: Cluster
    observer: Observer
    applier: Applier
    defaults: Defaults
    now: Callable[[], datetime]
    _at_rest: dict[Key, Observed] = field(default_factory=dict)

    async def reconcile(self, key: Key) -> Outcome:
        """ClusterError where the API server stands in the way; a store's trouble ends in the status."""
        try:
            return await self._reconcile(key)
        except InvalidInput as error:
            return await self._unreadable(key, error)

    async def _reconcile(self, key: Key) -> Outcome:
        observed = await self.observer.observe(key, fresh=False)
        if observed is None:
            self._at_rest.pop(key, None)
            return Outcome()
        if self._at_rest.get(key) == observed:
            return Outcome(status=observed.resource.status)
        decided = self._plan(observed)
        if not decided.actions and decided.status == observed.resource.status:
            return self._rest(key, observed, decided)
        self._at_rest.pop(key, None)
        for _ in range(ROUNDS):
            observed = await self.observer.observe(key, fresh=True)
            if observed is None:
                return Outcome()
            decided = self._plan(observed)
            if not decided.actions:
                break
            observed = await self._apply(observed, decided)
            if observed is not None:  # the store refused: that is what the status is to say
                decided = self._plan(observed)
                break
        if observed is not None:
            await self._report(observed, decided)
        return Outcome(status=decided.status, again=SOON if observed is None else decided.again)

    def _rest(self, key: Key, observed: Observed, decided: Plan) -> Outcome:
        """Where nothing waits for the time, the same sight will lead to the same plan."""
        if decided.again is None:
            self._at_rest[key] = observed
        return Outcome(status=decided.status, again=decided.again)

    def _plan(self, observed: Observed) -> Plan:
        return plan(observed, self.defaults, now=self.now())

    async def _apply(self, observed: Observed, decided: Plan) -> Observed | None:
        """None where all went well; else what was observed, with the store's refusal in it."""
        for action in decided.actions:
            logger.info("apply", extra=_told(action))
        try:
            await self.applier.apply(observed, decided.actions)
        except StoreError as error:
            problem = StoreProblem(reason=error.reason, message=error.message, gone=error.gone)
            return replace(observed, store=StoreView(problem=problem))
        if observed.resource.deleted is not None:
            await self._record(observed, decided.events)
        return None

    async def _report(self, observed: Observed, decided: Plan) -> None:
        if decided.status != observed.resource.status:
            document = decided.status.model_dump(mode="json", by_alias=True, exclude_none=True)
            await self.cluster.set_status(observed.resource.key, document)
        if observed.resource.deleted is None:
            await self._record(observed, decided.events)

    async def _record(self, observed: Observed, events: Sequence[RecordEvent]) -> None:
        key, uid = observed.resource.key, observed.resource.uid
        for event in events:
            logger.info("event", extra={"kind": event.kind, "reason": event.reason, "detail": event.message})
            await self.cluster.record_event(key, uid, kind=event.kind, reason=event.reason, message=event.message)

    async def _unreadable(self, key: Key, error: InvalidInput) -> Outcome:
        """A resource of another version's schema: said once, let go when it is deleted, looked at again when it changes."""
        found = await self.cluster.index(key)
        if found is None:
            return Outcome()
        metadata = found["metadata"]
        if "deletionTimestamp" in metadata and FINALIZER in (metadata.get("finalizers") or ()):
            await self._let_go(key, found, error)
            return Outcome()
        status = unreadable_status(found, error, now=self.now())
        document = status.model_dump(mode="json", by_alias=True, exclude_none=True)
        if document != found.get("status"):
            await self.cluster.set_status(key, document)
        return Outcome(status=status)

    async def _let_go(self, key: Key, found: Manifest, error: InvalidInput) -> None:
        metadata = found["metadata"]
        message = f"Its spec could not be read ({error}); what it made in the store is still there."
        reason = str(Reason.COLLECTION_LEFT_BEHIND)
        await self.cluster.record_event(key, str(metadata["uid"]), kind="Warning", reason=reason, message=message)
        kept = [each for each in metadata["finalizers"] if each != FINALIZER]
        await self.cluster.set_finalizers(key, kept, resource_version=str(metadata["resourceVersion"]))


def _told(action: Action) -> dict[str, str | None]:
    """A run's line is joined with what its pods say, by the trace."""
    told = {"action": type(action).__name__, "target": getattr(action, "name", None) or getattr(action, "collection", None)}
    if not isinstance(action, ApplyJob):
        return told
    metadata = action.manifest["metadata"]
    return told | {"target": metadata["name"], "trace_id": metadata["annotations"][TRACE_ID]}


def unreadable_status(found: Manifest, error: InvalidInput, *, now: datetime) -> SearchIndexStatus:
    """The last status, saying that nothing follows from the spec any more."""
    try:
        before = SearchIndexStatus.model_validate(found.get("status") or {})
    except ValidationError:
        before = SearchIndexStatus()
    facts = [
        Fact(ConditionType.READY, "False", Reason.INVALID_SPEC, str(error)),
        Fact(ConditionType.STALLED, "True", Reason.INVALID_SPEC, str(error)),
    ]
    generation = int(found["metadata"].get("generation", 0))
    conditions = set_conditions(before.conditions, facts, generation=generation, now=now)
    return before.model_copy(update={"observed_generation": generation, "conditions": conditions})
