"""Which indexing run is due, and what to do with the Jobs that are there. Pure.

A run is named by its trigger: what asked for it (the collection, the sources, a person's annotation, a tick of the schedule). Its Job's
name follows from the trigger and the pod template, so planning it twice is planning it once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from controller.actions import Action, ApplyJob, DeleteJob, ExpireJob
from controller.jobspec import build_job
from controller.names import REINDEX, TEMPLATE_HASH
from controller.observed import Collection, Defaults, JobView, Manifest, Observed
from controller.schedule import latest_tick, next_tick
from searchindex.spec import short_hash
from searchindex.status import IndexingStatus, RunResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The run that the spec asks for now. `job`: its Job as it is, None where there is none; `done`: it has ended, and how."""

    trigger: str
    name: str
    template_hash: str
    job: JobView | None = None
    done: RunResult | None = None
    schedule_time: datetime | None = None
    next_tick: datetime | None = None
    actions: tuple[Action, ...] = ()

    @property
    def active(self) -> bool:
        return self.job is not None and self.job.result is None and not self.job.deleting


def plan_run(observed: Observed, target: Collection, defaults: Defaults, *, now: datetime) -> Run:
    """The run for `target`, which exists and carries its owner."""
    tick = _tick(observed, target, now=now)
    trigger = _trigger(observed, target, tick)
    last = _last(observed, trigger)
    ttl = observed.resource.spec.indexing.ttl_seconds_after_finished if last is not None and last.result is not None else None
    manifest = build_job(
        observed.resource,
        revision=target.owner.revision,
        collection=target.name,
        trigger=trigger,
        fingerprint=observed.resource.spec.model.fingerprint,
        defaults=defaults,
        schedule_time=tick,
        suspended=observed.resource.spec.suspend,
        ttl=ttl,
    )
    name = str(manifest["metadata"]["name"])
    job = next((each for each in observed.jobs if each.name == name), None)
    done = _done(job, last, name, filled=_filled_by(observed, target) == trigger)
    indexing = observed.resource.spec.indexing
    following = next_tick(indexing.schedule, time_zone=indexing.time_zone, now=now) if indexing.schedule else None
    return Run(
        trigger=trigger,
        name=name,
        template_hash=str(manifest["metadata"]["annotations"][TEMPLATE_HASH]),
        job=job,
        done=done,
        schedule_time=tick,
        next_tick=following,
        actions=(*_end_others(observed, name), *_drive(observed, manifest, job, done, ttl)),
    )


def delete_jobs(jobs: Iterable[JobView]) -> tuple[Action, ...]:
    return tuple(DeleteJob(name=job.name) for job in jobs if not job.deleting)


def _trigger(observed: Observed, target: Collection, tick: datetime | None) -> str:
    """`<what>-<tick>`: the first part is the same for all runs over the same sources into the same collection."""
    return f"{_what(observed, target)}-{int(tick.timestamp()) if tick else 0}"


def _what(observed: Observed, target: Collection) -> str:
    spec = observed.resource.spec
    facts = {
        "collection": target.name,
        "sources": [source.model_dump(mode="json", exclude_defaults=True) for source in spec.sources],
        "reindex": observed.resource.annotations.get(REINDEX, ""),
    }
    return short_hash(facts)


def _tick(observed: Observed, target: Collection, *, now: datetime) -> datetime | None:
    """The tick that the present run answers: a run under way keeps its own, so that runs never overlap."""
    indexing = observed.resource.spec.indexing
    if not indexing.schedule:
        return None
    what = _what(observed, target)
    for job in observed.jobs:
        if job.result is None and not job.deleting and job.trigger.startswith(f"{what}-"):
            return job.schedule_time
    answered = _answered(observed, target, what)
    after = answered or observed.resource.created
    return latest_tick(indexing.schedule, time_zone=indexing.time_zone, after=after, now=now) or answered


def _answered(observed: Observed, target: Collection, what: str) -> datetime | None:
    """The last tick that a run over these sources was made for, by the status or by a Job that is still there."""
    last = observed.resource.status.indexing
    ticks = [job.schedule_time for job in observed.jobs if job.trigger.startswith(f"{what}-")]
    if last is not None and last.trigger.startswith(f"{what}-"):
        ticks.append(last.schedule_time)
    told = _filled_by(observed, target)
    if told is not None and told.startswith(f"{what}-"):
        seconds = int(told.rpartition("-")[2])
        ticks.append(datetime.fromtimestamp(seconds, UTC) if seconds else None)
    return max((tick for tick in ticks if tick is not None), default=None)


def _last(observed: Observed, trigger: str) -> IndexingStatus | None:
    last = observed.resource.status.indexing
    return last if last is not None and last.trigger == trigger else None


def _filled_by(observed: Observed, target: Collection) -> str | None:
    """The trigger of the last run that filled `target`, which may have been followed by runs for other revisions."""
    status = observed.resource.status
    told = (status.active, status.candidate, *status.history)
    return next((each.trigger for each in told if each is not None and each.collection == target.name), None)


def _done(job: JobView | None, last: IndexingStatus | None, name: str, *, filled: bool) -> RunResult | None:
    """A success counts whatever the pods looked like; a failure only for pods that looked as they would now."""
    if job is not None and job.result is not None:
        return RunResult(job.result)
    if job is None and filled:
        return RunResult.SUCCEEDED
    if job is None and last is not None and (last.result is RunResult.SUCCEEDED or last.job_name == name):
        return last.result
    return None


def _drive(observed: Observed, manifest: Manifest, job: JobView | None, done: RunResult | None, ttl: int | None) -> tuple[Action, ...]:
    """Make the Job, or bring what may change in it to what it should be."""
    spec = observed.resource.spec
    if job is None:
        due = done is None and not spec.suspend
        return (ApplyJob(manifest=manifest),) if due else ()
    if job.deleting:
        return ()
    if job.result is not None:
        return (ApplyJob(manifest=manifest),) if ttl is not None and job.ttl != ttl else ()
    changed = (job.parallelism, job.suspended) != (spec.indexing.parallelism, spec.suspend)
    return (ApplyJob(manifest=manifest),) if changed else ()


def _end_others(observed: Observed, name: str) -> tuple[Action, ...]:
    """Jobs of other triggers or templates: those under way are stopped; ended ones go when their time to live is over.

    One that ended while nobody looked has none yet: whether the controller was there to see it makes no difference in the end.
    """
    others = [job for job in observed.jobs if job.name != name]
    ttl = observed.resource.spec.indexing.ttl_seconds_after_finished
    expiring = tuple(ExpireJob(name=job.name, ttl=ttl) for job in others if job.result is not None and job.ttl is None and not job.deleting)
    return (*delete_jobs(job for job in others if job.result is None), *expiring)
