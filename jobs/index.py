"""The indexing pipeline: list -> compare with the collection -> read and decode -> encode -> upsert -> remove.

Nothing is lost and nothing doubled, whenever it is interrupted: the point id follows from the name, a batch is durable once it
is upserted, and the next run compares the source with what the collection holds.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing

from jobs.indexing import Indexing
from jobs.journal import Begun
from jobs.ledger import Entry, Ledger, Outcome
from jobs.listing import Listing, list_pictures
from jobs.plan import Action, Plan, intents, outcome_of, plan
from jobs.prepare import Prepared, Stored, entry_of, prepared
from jobs.sources import Source
from jobs.steps import Step
from jobs.stored import stored_points
from jobs.write import Writer
from searchindex.points import point_id

__all__ = ["Indexing", "index"]


async def index(run: Indexing, ledger: Ledger | None = None) -> Ledger:
    """Bring the collection in line with the source; the ledger accounts for every picture seen.

    `ledger`: an empty one, for a caller that wants to know how far a run came that raised. Raises StoreUnavailable, Interrupted,
    FailureBudgetExceeded, PruneLimitExceeded; everything done until then is kept, and the next run goes on from there.
    """
    ledger = Ledger() if ledger is None else ledger
    with run.steps.step(Step.LIST):
        listing = await asyncio.to_thread(list_pictures, run.sources, scope=run.scope, selection=run.selection, check=run.stop.check)
    ledger.total = listing.total
    with run.steps.step(Step.COMPARE):
        stored = await run.patience(lambda: stored_points(run.store, run.scope))
    todo = plan(listing.sources, stored, run.annotations, hidden=listing.hidden, place=run.place)
    begun = await asyncio.to_thread(run.journal.begin, intents(todo, stored))
    todo = _settled(todo, listing, stored, begun, ledger)
    with ThreadPoolExecutor(1, "encode") as encoding:
        await _write(run, Writer(run=run, ledger=ledger, intents=begun.intents, encoding=encoding), todo, stored)
    await asyncio.to_thread(run.journal.complete, ledger.entries)
    if run.optimize:
        await run.store.optimize()
    return ledger


def _settled(todo: Plan, listing: Listing, stored: Stored, begun: Begun, ledger: Ledger) -> Plan:
    """Settle what needs no work any more; what is left of the plan."""
    for entry in listing.unusable:
        ledger.settle(entry)
    for source in todo.unchanged:
        digest = stored[point_id(source.uri)].get("content_hash")
        ledger.settle(entry_of(source, outcome_of(begun.intents.get(source.uri), digest), digest=digest))
    accounted = {source.uri for source in listing.sources} | {*todo.remove, *ledger.entries}
    for uri, intent in begun.intents.items():
        if intent.action is Action.REMOVE and uri not in accounted:
            ledger.settle(Entry(uri=uri, outcome=Outcome.DELETED))
    known = [source for source in todo.encode if _known_to_fail(source, begun)]
    for source in known:
        ledger.settle(begun.failed[source.uri])
    return Plan(tuple(each for each in todo.encode if not _known_to_fail(each, begun)), todo.refresh, (), todo.remove)


def _known_to_fail(source: Source, begun: Begun) -> bool:
    """Found before the interruption, and the file is the same since. What could not be read may be readable now."""
    entry = begun.failed.get(source.uri)
    if entry is None or entry.outcome is not Outcome.FAILED or entry.reason == "unreadable":
        return False
    return (entry.size, entry.mtime) == (source.size, source.mtime)


async def _write(run: Indexing, writer: Writer, todo: Plan, stored: Stored) -> None:
    _look(run, writer.ledger)
    for at in range(0, len(todo.refresh), run.batch_size):
        await writer.refresh(todo.refresh[at : at + run.batch_size])
        _look(run, writer.ledger)
    with ThreadPoolExecutor(run.workers, "decode") as decoders:
        async with aclosing(prepared(run, todo.encode, stored, decoders)) as batches:
            await _encode(run, writer, batches)
    if run.limits.prune:
        run.limits.check_deleted(len(todo.remove), stored=len(stored))
        await writer.remove(todo.remove)


async def _encode(run: Indexing, writer: Writer, batches: AsyncIterator[Sequence[Prepared]]) -> None:
    """A batch is stored while the next one is encoded. However this ends, the batch that is being stored is stored."""
    storing, numbers = asyncio.create_task(asyncio.sleep(0)), itertools.count()
    try:
        async for batch in batches:
            run.stop.check()
            encoded = await writer.encode(batch, number=next(numbers))
            await storing
            storing = asyncio.create_task(writer.store(encoded))
            _look(run, writer.ledger)
    finally:
        await storing
    _look(run, writer.ledger)


def _look(run: Indexing, ledger: Ledger) -> None:
    """Between two batches."""
    run.progress(ledger, ledger.total or 0)
    run.limits.check_failed(ledger)
    run.stop.check()
