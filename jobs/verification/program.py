"""`python -m jobs verify`: what differs, one line each; with `--repair` mended and looked at again."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from jobs.app import Job, perform
from jobs.concluding import Conclusion, conclude
from jobs.ending import COMPLETED, Ending, Reason
from jobs.journal_file import Subject, read_ledger
from jobs.ledger import Entry, printable
from jobs.lines import say
from jobs.listing import Scope
from jobs.opening import open_sources, opened_store, patterns
from jobs.patience import Patience
from jobs.sealed import DamagedError
from jobs.settings import shard_of
from jobs.shards import Shard
from jobs.sources import Selection
from jobs.stop import Stop
from jobs.verification.audit import Difference, Kind, audit
from jobs.verification.look import Look
from jobs.verification.settings import VerificationSettings, read_verification
from searchindex.points import PointId
from searchindex.ports import VectorStore

SHOWN = 100  # differences that are printed
SPOILT = {Kind.MISNAMED, Kind.VECTOR, Kind.CONTENT}  # what indexing anew would take for good


def run(given: dict[str, Any]) -> int:
    async def work(stop: Stop) -> Conclusion:
        return await _verify(_settings(given), stop)

    return conclude(work)


def _settings(given: dict[str, Any]) -> VerificationSettings:
    if (text := given.pop("shard", None)) is not None:
        shard = Shard.parse(text)
        given |= {"shard_index": shard.index, "shard_count": shard.count}
    return read_verification(given)


async def _verify(settings: VerificationSettings, stop: Stop) -> Conclusion:
    scope = Scope(source=settings.source_name, shard=shard_of(settings))
    async with opened_store(settings) as store:
        look = Look(
            sources=open_sources(settings, stop),
            store=store,
            scope=scope,
            selection=Selection(include=patterns(settings.include), exclude=patterns(settings.exclude)),
            deep=settings.verify_deep,
            workers=settings.index_num_workers,
            patience=Patience(budget=settings.qdrant_retry_seconds, sleep=stop.sleep),
            stop=stop,
        )
        differences = await _differences(look, await asyncio.to_thread(_account, settings, scope))
        _say(differences)
        if not (settings.verify_repair and differences):
            return _concluded(differences)
        return await _repaired(settings, look, store, differences)


async def _differences(look: Look, account: Mapping[str, Entry] | None) -> list[Difference]:
    return audit(await look.take(account))


async def _repaired(settings: VerificationSettings, look: Look, store: VectorStore, before: Sequence[Difference]) -> Conclusion:
    """Spoilt points are removed, since indexing compares size and time alone; the rest is what an indexing run does anyway."""
    ids: list[PointId] = sorted({each.identity for each in before if each.kind in SPOILT and each.identity is not None})
    await look.patience(lambda: store.delete(ids))
    job = Job(shard=shard_of(settings))
    ending = await perform(job, settings)
    if ending.status:
        return Conclusion(_facts(before), ending)
    after = await _differences(look, job.ledger.entries)
    _say(after)
    return Conclusion(_facts(before) | {"repaired": len(before), "left": len(after)}, _ending(after))


def _account(settings: VerificationSettings, scope: Scope) -> dict[str, Entry] | None:
    """Of the last completed run, where it kept one."""
    if settings.ledger_dir is None:
        return None
    subject = Subject(collection=settings.qdrant_collection, fingerprint="", scope=scope)
    try:
        return {entry.uri: entry for entry in read_ledger(settings.ledger_dir / f"{subject.name}.jsonl")}
    except FileNotFoundError:
        return None
    except DamagedError as error:
        say("warning", message=f"The ledger is put aside: {error}.")
        return None


def _say(differences: Sequence[Difference]) -> None:
    for each in differences[:SHOWN]:
        say("difference", kind=each.kind, uri=printable(each.uri), message=each.kind.meaning)
    if len(differences) > SHOWN:
        say("warning", message=f"{len(differences) - SHOWN} more differences are not shown.")


def _concluded(differences: Sequence[Difference]) -> Conclusion:
    return Conclusion(_facts(differences), _ending(differences))


def _facts(differences: Sequence[Difference]) -> dict[str, Any]:
    counts = Counter(each.kind for each in differences)
    return {kind.value: counts[kind] for kind in Kind}


def _ending(differences: Sequence[Difference]) -> Ending:
    if not differences:
        return COMPLETED
    return Ending(Reason.DIFFERENCES, 5, f"{len(differences)} differences; --repair mends them.")
