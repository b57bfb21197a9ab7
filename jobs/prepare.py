"""Reading and decoding, a batch ahead of the encoder. A broken picture costs only itself."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from jobs.decoding import Picture
from jobs.indexing import Indexing
from jobs.ledger import Entry, Outcome
from jobs.sources import OBSTACLES, Source
from jobs.steps import Step
from searchindex.errors import InvalidImage, SearchIndexError
from searchindex.points import ContentHash, Payload, PointId, content_hash, point_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A decoded picture on its way to the encoder."""

    source: Source
    picture: Picture
    content_hash: ContentHash


@dataclass(frozen=True, slots=True)
class Same:
    """A file that was touched, copied or checked out again: its content is what the collection holds."""

    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """`stale`: whether the collection may hold what the file no longer shows; not where the file could not be read at all."""

    entry: Entry
    stale: bool


Prepared = Ready | Same | Broken
Stored = Mapping[PointId, Payload]


async def prepared(run: Indexing, sources: Sequence[Source], stored: Stored, decoders: Executor) -> AsyncGenerator[list[Prepared], None]:
    """Batches in order, the next one being decoded while the caller encodes: at most two batches of pictures are in memory.

    `decoders` take no more work afterwards: where one read failed because the source does not answer, the others would wait as long.
    """
    loop = asyncio.get_running_loop()

    async def decode(at: int) -> list[Prepared]:
        batch = sources[at : at + run.batch_size]
        if not batch:
            return []
        with run.steps.step(Step.DECODE, batch=at // run.batch_size, size=len(batch)):
            return await asyncio.gather(*(loop.run_in_executor(decoders, _prepare, run, source, stored) for source in batch))

    ahead = asyncio.create_task(decode(0))
    try:
        for at in range(0, len(sources), run.batch_size):
            batch = await ahead
            ahead = asyncio.create_task(decode(at + run.batch_size))
            yield batch
    finally:
        decoders.shutdown(wait=False, cancel_futures=True)  # nobody will take it: what has not begun need not


def _prepare(run: Indexing, source: Source, stored: Stored) -> Prepared:
    try:
        content = run.sources.read(source)
        digest = content_hash(content)
        if stored.get(point_id(source.uri), {}).get("content_hash") == digest:
            return Same(source)
        return Ready(source=source, picture=run.decode(content, run.card), content_hash=digest)
    except InvalidImage as error:
        return Broken(entry=entry_of(source, Outcome.FAILED, reason=error.reason, message=str(error)), stale=True)
    except SearchIndexError:
        raise  # not the picture's fault
    except FileNotFoundError:
        return Broken(entry=entry_of(source, Outcome.SKIPPED, reason="vanished", message=OBSTACLES["vanished"]), stale=False)
    except OSError as error:
        message = f"It cannot be read: {error.strerror}."
        return Broken(entry=entry_of(source, Outcome.FAILED, reason="unreadable", message=message), stale=False)
    except Exception as error:  # noqa: BLE001  # a picture may meet a defect of any library; the others are not to pay for it
        message = f"It cannot be decoded ({type(error).__name__})."
        return Broken(entry=entry_of(source, Outcome.FAILED, reason="decode-failed", message=message), stale=True)


def entry_of(
    source: Source, outcome: Outcome, *, digest: str | None = None, reason: str | None = None, message: str | None = None
) -> Entry:
    return Entry(uri=source.uri, outcome=outcome, size=source.size, mtime=source.mtime, content_hash=digest, reason=reason, message=message)
