"""Reading and decoding, a batch ahead of the encoder. A broken picture costs only itself."""

import asyncio
import errno
import os
import stat
from collections.abc import AsyncGenerator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from jobs.decoding import Picture
from jobs.indexing import Indexing
from jobs.ledger import Entry, Outcome
from jobs.walk import OBSTACLES, Source
from searchindex.errors import InvalidImage, SearchIndexError
from searchindex.images import ImageLimits
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
    """Batches in order, the next one being decoded while the caller encodes: at most two batches of pictures are in memory."""
    loop = asyncio.get_running_loop()

    def begin(at: int) -> "asyncio.Future[list[Prepared]]":
        batch = sources[at : at + run.batch_size]
        return asyncio.gather(*(loop.run_in_executor(decoders, _prepare, run, source, stored) for source in batch))

    ahead = begin(0)
    try:
        for at in range(0, len(sources), run.batch_size):
            batch = await ahead
            ahead = begin(at + run.batch_size)
            yield batch
    finally:
        ahead.cancel()  # nobody will take it: what has not begun need not


def _prepare(run: Indexing, source: Source, stored: Stored) -> Prepared:
    try:
        content = _read(source)
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


def _read(source: Source) -> bytes:
    """At most one byte beyond the limit, however large the file has become since it was listed."""
    limit = ImageLimits().content
    with open(source.path, "rb", opener=_at_once) as file:  # Path.open takes no opener
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "no longer a file")
        content = b"" if source.size > limit else file.read(limit + 1)
    if max(source.size, len(content)) > limit:
        raise InvalidImage(f"It is larger than {limit // 1_000_000} MB.", reason="too-large")
    return content


def _at_once(path: str, flags: int) -> int:
    """A pipe that took the file's place would be waited for, without an end."""
    return os.open(path, flags | os.O_NONBLOCK)


def entry_of(
    source: Source, outcome: Outcome, *, digest: str | None = None, reason: str | None = None, message: str | None = None
) -> Entry:
    return Entry(uri=source.uri, outcome=outcome, size=source.size, mtime=source.mtime, content_hash=digest, reason=reason, message=message)
