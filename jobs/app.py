"""The composition root of `python -m jobs index`: settings in, an ending out.

With `opening.py` the only place of this program that names adapters.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from jobs.collection import Wanted, ensure_collection
from jobs.ending import COMPLETED, Ending, Reason, ending_of
from jobs.index import index
from jobs.indexing import Indexing
from jobs.instruments import Instruments
from jobs.journal import Journal, NoJournal
from jobs.journal_file import Subject, file_journal
from jobs.ledger import Ledger
from jobs.limits import Limits
from jobs.lines import ProgressLines, say
from jobs.listing import Scope
from jobs.opening import open_model, open_sources, opened_store, patterns
from jobs.patience import Patience
from jobs.progress import ProgressSink, Reporter
from jobs.progress_http import ProgressServer
from jobs.settings import JobSettings
from jobs.shards import Shard
from jobs.sidecar import annotations_in
from jobs.sources import Selection
from jobs.stop import Stop
from jobs.telemetry import RunTelemetry, open_telemetry
from searchindex.encoders.opening import check_runtime, open_image_encoder
from searchindex.errors import InvalidInput
from searchindex.models import PreparedModel


@dataclass(slots=True, kw_only=True)
class Job:
    """What became of it is known at any moment: also when it ends where nobody expected it."""

    shard: Shard
    ledger: Ledger = field(default_factory=Ledger)
    fingerprint: str | None = None
    trace_id: str = ""
    started: bool = False

    def say(self, event: str, **facts: Any) -> None:
        """A line, joined with its trace where there is one."""
        say(event, **facts, **({"trace_id": self.trace_id} if self.trace_id else {}))


async def perform(job: Job, settings: JobSettings) -> Ending:
    """Index one shard. Never raises but for defects; SIGTERM and SIGINT end it after the batch in hand."""
    stop = Stop()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.ask)
    try:
        seen = open_telemetry(settings)
    except InvalidInput as error:
        return ending_of(error, started=False)
    job.trace_id, ending = seen.trace_id, None
    try:
        ending = await _ended(job, settings, stop, seen)
    finally:
        await seen.end(ending, job.ledger, job.shard)
    return ending


async def _ended(job: Job, settings: JobSettings, stop: Stop, seen: RunTelemetry) -> Ending:
    try:
        async with _reporting(job, settings, seen):
            await _index(job, settings, stop, seen)
    except Exception as error:
        ending = ending_of(error, started=job.started)
        if ending.reason is Reason.INTERNAL_ERROR:
            raise
        return ending
    return COMPLETED


async def _index(job: Job, settings: JobSettings, stop: Stop, seen: RunTelemetry) -> None:
    scope = Scope(source=settings.source_name, shard=job.shard)
    sources = open_sources(settings, stop)
    model, runtime = open_model(settings), settings.runtime()
    check_runtime(model, runtime)
    job.fingerprint = model.fingerprint
    seen.describe(settings, model.card)
    patience = Patience(budget=settings.qdrant_retry_seconds, sleep=stop.sleep)
    wanted = Wanted(name=settings.qdrant_collection, model=model, create=settings.qdrant_create, place=settings.index_exif_place)
    async with opened_store(settings, outgoing=seen.outgoing) as store:
        await patience(lambda: ensure_collection(store, wanted))
        encoder = await asyncio.to_thread(open_image_encoder, model, runtime)
        annotations = await asyncio.to_thread(annotations_in, sources.sidecars())
        stop.check()
        with _journal(job, settings, scope, model) as journal:
            run = Indexing(
                sources=sources,
                store=store,
                encoder=encoder,
                card=model.card.image,
                annotations={scope.uri(path): annotation for path, annotation in annotations.items()},
                batch_size=settings.index_batch_size,
                workers=settings.index_num_workers,
                scope=scope,
                selection=Selection(include=patterns(settings.include), exclude=patterns(settings.exclude)),
                limits=Limits(failed=settings.max_failed_percent, deleted=settings.max_delete_percent, prune=settings.prune),
                journal=journal,
                patience=patience,
                stop=stop,
                steps=seen.steps,
                place=settings.index_exif_place,
                optimize=False,  # several shards write at once: whoever started them waits for the index
            )
            job.started = True
            await index(run, job.ledger)


@asynccontextmanager
async def _reporting(job: Job, settings: JobSettings, seen: RunTelemetry) -> AsyncIterator[None]:
    """Progress in lines, and over HTTP where a port is set."""
    with ExitStack() as stack:
        sinks: list[ProgressSink] = [ProgressLines(job.say)]
        if settings.progress_port:
            sinks += [] if seen.meter is None else [Instruments(seen.meter)]
            sinks.append(stack.enter_context(_progress_server(settings.progress_port, seen)))
        reporter = Reporter(ledger=job.ledger, shard=job.shard, sinks=sinks, seconds=settings.progress_seconds)
        task = asyncio.create_task(reporter.keep_reporting())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            reporter.report()


def _progress_server(port: int, seen: RunTelemetry) -> ProgressServer:
    try:
        return ProgressServer(port, metrics=None if seen.meter is None else seen.meter.exposition)
    except OSError as error:
        raise InvalidInput(f"PROGRESS_PORT: port {port} cannot be listened on: {error.strerror}.", hint="Set another one, or 0.") from None


@contextmanager
def _journal(job: Job, settings: JobSettings, scope: Scope, model: PreparedModel) -> Iterator[Journal]:
    if settings.ledger_dir is None:
        yield NoJournal()
        return
    subject = Subject(collection=settings.qdrant_collection, fingerprint=model.fingerprint, scope=scope)
    with file_journal(settings.ledger_dir, subject, warn=lambda message: job.say("warning", message=message)) as journal:
        yield journal
