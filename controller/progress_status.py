"""`status.indexing`: how far the run is, written at most every 10 s or 1 %. Pure."""

from datetime import datetime, timedelta

from controller.observed import Counts, JobView, Observed
from controller.plan_runs import Run
from searchindex.status import IndexingStatus, RunResult, Shards

WRITE_SECONDS = 10.0
SILENT_SECONDS = 60.0


def indexing_status(observed: Observed, run: Run | None, *, now: datetime) -> IndexingStatus | None:
    """The last status stands where there is no run to speak of, and while nothing worth a write has changed."""
    before = observed.resource.status.indexing
    if run is None or run.job is None:
        return before
    fresh = _fresh(run, run.job, before, now=now)
    return before if before is not None and not _worth_writing(before, fresh, now=now) else fresh


def _fresh(run: Run, job: JobView, before: IndexingStatus | None, *, now: datetime) -> IndexingStatus:
    counts = _never_less(job.counts, before if before is not None and before.job_name == job.name else None)
    ended = RunResult(job.result) if job.result else None
    rate = counts.images_per_second if ended is None else 0.0
    return IndexingStatus(
        revision=job.revision,
        trigger=run.trigger,
        job_name=job.name,
        start_time=job.started or job.created,
        completion_time=(job.ended or now) if ended else None,
        schedule_time=run.schedule_time,
        result=ended,
        message=_message(job, now=now),
        total=counts.total,
        processed=counts.processed,
        indexed=counts.indexed,
        unchanged=counts.unchanged,
        skipped=counts.skipped,
        failed=counts.failed,
        deleted=counts.deleted,
        percent=_percent(counts, ended),
        progress_time=now,
        images_per_second=f"{rate:.1f}" if rate else None,
        estimated_completion_time=now + timedelta(seconds=(counts.total - counts.processed) / rate) if rate else None,
        shards=Shards(total=job.completions, active=job.active, succeeded=job.succeeded, failed=job.failed),
    )


def _never_less(counts: Counts, before: IndexingStatus | None) -> Counts:
    """Pods that are gone said their last word in an earlier status."""
    if before is None or counts.processed + counts.deleted >= before.processed + before.deleted:
        return counts
    return Counts(
        total=max(counts.total, before.total),
        indexed=before.indexed,
        unchanged=before.unchanged,
        skipped=before.skipped,
        failed=before.failed,
        deleted=before.deleted,
        images_per_second=counts.images_per_second,
    )


def _percent(counts: Counts, ended: RunResult | None) -> int:
    """100 is said by a run that has ended well, never by rounding."""
    if ended is RunResult.SUCCEEDED:
        return 100
    return min(99, 100 * counts.processed // counts.total) if counts.total else 0


def _message(job: JobView, *, now: datetime) -> str:
    """The pods' own word; of pods that say nothing, that they do not, and where to look."""
    if job.problem is not None:
        return job.problem[1][:1024]
    silent = job.result is None and not job.counts.total and not job.suspended
    if silent and (now - (job.started or job.created)).total_seconds() >= SILENT_SECONDS:
        return f"No pod has reported after {SILENT_SECONDS:.0f} s: kubectl describe pods -l batch.kubernetes.io/job-name={job.name}"
    return job.result_message[:1024]


def _worth_writing(before: IndexingStatus, fresh: IndexingStatus, *, now: datetime) -> bool:
    progress = {"progress_time", "processed", "indexed", "unchanged", "skipped", "failed", "deleted", "total"}
    progress |= {"images_per_second", "estimated_completion_time", "completion_time"}
    if before.model_dump(exclude=progress) != fresh.model_dump(exclude=progress):
        return True
    if fresh.result is not None and before.result is not None:
        return False
    moved = before.model_dump(include=progress - {"progress_time"}) != fresh.model_dump(include=progress - {"progress_time"})
    old = before.progress_time is None or (now - before.progress_time).total_seconds() >= WRITE_SECONDS
    return moved and old
