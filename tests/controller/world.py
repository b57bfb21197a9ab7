"""A store and a cluster made of plain values, for pure tests of plans: what the actions would do, without anything that does it."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from controller import actions as act
from controller.names import SCHEDULE_TIME, TEMPLATE_HASH, TRIGGER
from controller.observed import (
    BuildThreads,
    Collection,
    Counts,
    Defaults,
    JobView,
    Key,
    Observed,
    Owner,
    Resource,
    StoreProblem,
    StoreView,
)
from controller.plan import Plan, plan
from controller.settings_diff import wanted_settings
from searchindex.spec import SearchIndexSpec
from searchindex.status import SearchIndexStatus

START = datetime(2026, 1, 1, tzinfo=UTC)
DEFAULTS = Defaults(indexer_image="searchindex-jobs:test")
PICTOGRAMS = "ResNet10-MiniLM/pictograms"


def spec_of(**changes: Any) -> SearchIndexSpec:
    """The smallest spec, with fields laid over it."""
    smallest: dict[str, Any] = {
        "store": {"host": "qdrant"},
        "model": {"name": PICTOGRAMS},
        "sources": [{"name": "pictures", "pvc": {"claimName": "pictures"}}],
    }
    return SearchIndexSpec.model_validate(smallest | changes)


@dataclass
class World:
    """One SearchIndex and what is around it. `pictures`: how many there are to index."""

    spec: SearchIndexSpec = field(default_factory=spec_of)
    key: Key = field(default_factory=lambda: Key("default", "products"))
    uid: str = "uid-1"
    generation: int = 1
    now: datetime = START
    pictures: int = 1000
    annotations: dict[str, str] = field(default_factory=dict)
    finalizers: tuple[str, ...] = ()
    deleted: datetime | None = None
    status: SearchIndexStatus = field(default_factory=SearchIndexStatus)
    collections: dict[str, Collection] = field(default_factory=dict)
    alias: dict[str, str] = field(default_factory=dict)
    jobs: dict[str, JobView] = field(default_factory=dict)
    rival: Key | None = None
    problem: StoreProblem | None = None
    namespace_terminating: bool = False
    events: list[act.RecordEvent] = field(default_factory=list)
    history: list[act.Action] = field(default_factory=list)

    # ---- what people do

    def change(self, **changes: Any) -> None:
        document = self.spec.model_dump(by_alias=True, exclude_none=True, mode="json") | changes
        self.spec = SearchIndexSpec.model_validate(document)
        self.generation += 1

    def delete(self) -> None:
        self.deleted = self.now
        self.generation += 1

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    # ---- what pods do

    def progress(self, done: int, *, rate: float = 100.0) -> None:
        for name, job in self.jobs.items():
            if job.result is None:
                counts = Counts(total=self.pictures, indexed=done, images_per_second=rate)
                self.jobs[name] = replace(job, counts=counts, active=job.parallelism, started=job.started or self.now)

    def finish(self, result: str = "Succeeded", *, problem: tuple[str, str] | None = None, indexed: bool = True) -> None:
        """Every Job that is under way ends; its pictures are in the collection that it was made for."""
        for name, job in list(self.jobs.items()):
            if job.result is not None or job.suspended:
                continue
            counts = Counts(total=self.pictures, indexed=self.pictures if result == "Succeeded" else 0, complete=True)
            self.jobs[name] = replace(job, result=result, counts=counts, active=0, ended=self.now, problem=problem)
            for collection in list(self.collections.values()):
                if result == "Succeeded" and collection.owner.revision == job.revision:
                    filled = replace(collection, points=self.pictures, indexed=self.pictures if indexed else 0, segments=2)
                    self.collections[collection.name] = filled

    # ---- what the controller does

    @property
    def resource(self) -> Resource:
        return Resource(
            key=self.key,
            uid=self.uid,
            generation=self.generation,
            created=START,
            spec=self.spec,
            status=self.status,
            annotations=dict(self.annotations),
            finalizers=self.finalizers,
            deleted=self.deleted,
        )

    def observe(self) -> Observed:
        alias = self.resource.alias
        target = self.alias.get(alias)
        seen = {n: c for n, c in self.collections.items() if n in {alias, target} or n.startswith(f"{alias}-r")}
        store = StoreView(problem=self.problem) if self.problem else StoreView(collections=seen, alias_target=target)
        return Observed(
            resource=self.resource,
            store=store,
            jobs=tuple(self.jobs.values()),
            rival=self.rival,
            namespace_terminating=self.namespace_terminating,
        )

    def plan(self) -> Plan:
        return plan(self.observe(), DEFAULTS, now=self.now)

    def settle(self, rounds: int = 8) -> Plan:
        """Plan, apply and write the status until nothing changes; AssertionError where that takes more than `rounds`."""
        for _ in range(rounds):
            decided = self.plan()
            if decided.actions:
                self.apply(decided.actions)
                continue
            self.events += decided.events
            if decided.status == self.status:
                return decided
            self.status = decided.status  # its own write is an event, and another look
        raise AssertionError(f"not settled: {decided.actions}")

    def apply(self, actions: tuple[act.Action, ...]) -> None:
        for action in actions:
            self.history.append(action)
            self._apply(action)

    def _apply(self, action: act.Action) -> None:  # noqa: C901  # one branch an action
        match action:
            case act.CreateCollection():
                self.collections.setdefault(action.name, created(action))
            case act.ChangeSettings():
                there = self.collections[action.name]
                self.collections[action.name] = replace(there, settings=action.settings)
            case act.SetThreads():
                there = self.collections[action.name]
                self.collections[action.name] = replace(there, threads=action.threads, threads_after=action.after)
            case act.Stamp():
                self.collections[action.name] = replace(self.collections[action.name], owner=action.owner)
            case act.PointAlias():
                assert action.collection in self.collections
                self.alias[action.alias] = action.collection
            case act.DropAlias():
                self.alias.pop(action.alias, None)
            case act.DropCollection():
                assert self.collections[action.name].owner.uid == action.uid, "dropped what it did not make"
                del self.collections[action.name]
                self.alias = {a: c for a, c in self.alias.items() if c != action.name}
            case act.ApplyJob():
                self._apply_job(action.manifest)
            case act.DeleteJob():
                self.jobs.pop(action.name, None)
            case act.ExpireJob():
                self.jobs[action.name] = replace(self.jobs[action.name], ttl=action.ttl)
            case act.AddFinalizer():
                self.finalizers = (*self.finalizers, action.finalizer)
            case act.RemoveFinalizer():
                self.finalizers = tuple(each for each in self.finalizers if each != action.finalizer)

    def _apply_job(self, manifest: dict[str, Any]) -> None:
        metadata, spec = manifest["metadata"], manifest["spec"]
        name, notes = metadata["name"], metadata["annotations"]
        tick = notes.get(SCHEDULE_TIME)
        fresh = JobView(
            name=name,
            revision=int(metadata["labels"]["searchindex.dev/revision"]),
            trigger=notes[TRIGGER],
            template_hash=notes[TEMPLATE_HASH],
            created=self.now,
            completions=spec["completions"],
        )
        self.jobs[name] = replace(
            self.jobs.get(name, fresh),
            parallelism=spec["parallelism"],
            suspended=bool(spec.get("suspend", False)),
            ttl=spec.get("ttlSecondsAfterFinished"),
            schedule_time=datetime.fromisoformat(tick) if tick else None,
        )

    @property
    def searched(self) -> str | None:
        return self.alias.get(self.resource.alias)

    @property
    def running(self) -> list[JobView]:
        return [job for job in self.jobs.values() if job.result is None]

    def condition(self, wanted: str) -> tuple[str, str]:
        """(status, reason)."""
        found = next(each for each in self.status.conditions if each.type == wanted)
        return found.status, found.reason


def created(action: act.CreateCollection) -> Collection:
    return Collection(
        name=action.name,
        dim=action.dim,
        distance="Cosine",
        shard_number=action.shard_number,
        on_disk=action.on_disk,
        settings=action.settings,
        owner=action.owner,
        fingerprint=action.fingerprint,
        segments=2,
        threads=action.threads or BuildThreads(),
        threads_after=action.threads_after,
    )


def foreign(name: str, *, owner: Owner | None = None, dim: int = 256) -> Collection:
    """A collection of somebody else's."""
    return Collection(
        name=name,
        dim=dim,
        distance="Cosine",
        shard_number=1,
        on_disk=False,
        settings=wanted_settings(spec_of()),
        owner=owner or Owner(),
    )


def served(**changes: Any) -> World:
    """An index that is filled and searched."""
    world = World()
    if changes:
        world.change(**changes)
    world.settle()
    world.finish()
    world.settle()
    return world
