"""The indexing pipeline: list -> plan -> read and decode -> encode -> upsert.

Nothing is lost and nothing doubled, whenever it is interrupted: the point id follows from the name, a batch is durable once it
is upserted, and the next run compares the folder with what the collection holds.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.ledger import Ledger, Outcome, Problem
from jobs.plan import category_of, plan
from jobs.sidecar import NOTHING, Annotation
from jobs.walk import Source, walk
from searchindex.catalogue import ImageCard
from searchindex.errors import InvalidImage
from searchindex.images import ImageLimits, decode, preprocess
from searchindex.points import ImagePayload, Payload, PointId, content_hash, point_id
from searchindex.ports import ImageEncoder, Point, Record, VectorStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexing:
    """One run. `encoder` must be the one that the collection was built with; `card` says how it wants its pictures."""

    root: Path
    store: VectorStore
    encoder: ImageEncoder
    card: ImageCard
    annotations: Mapping[str, Annotation]
    batch_size: int = 64
    workers: int = 4
    progress: Callable[[Ledger, int], None] = lambda _ledger, _total: None


@dataclass(frozen=True, slots=True)
class Ready:
    """A decoded picture on its way to the encoder. `pixels`: float32 [3, size, size]."""

    pixels: NDArray[np.float32]
    payload: ImagePayload


@dataclass(frozen=True, slots=True)
class Same:
    """A file that was touched, copied or checked out again: its content is what the collection holds."""

    source: Source


Prepared = Ready | Same | Problem
Stored = Mapping[PointId, Payload]


async def index(run: Indexing) -> Ledger:
    """Bring the collection in line with the folder; the ledger accounts for every picture seen."""
    ledger = Ledger()
    sources = _nameable(list(walk(run.root)), ledger)
    stored = {record.id: record.payload async for record in run.store.scroll()}
    todo = plan(sources, stored, run.annotations)
    ledger.add(Outcome.UNCHANGED, todo.unchanged)
    total = len(sources) + len(ledger.problems)
    run.progress(ledger, total)
    for at in range(0, len(todo.refresh), run.batch_size):
        ledger.add(Outcome.INDEXED, await _refresh(run, todo.refresh[at : at + run.batch_size]))
    with ThreadPoolExecutor(run.workers, "decode") as decoders, ThreadPoolExecutor(1, "encode") as encoding:
        async with aclosing(_prepared(run, todo.encode, stored, decoders)) as batches:
            async for batch in batches:
                await _store(run, batch, encoding, ledger)
                run.progress(ledger, total)
    await _remove(run, todo.remove, ledger)
    await run.store.optimize()
    return ledger


def _nameable(sources: Sequence[Source], ledger: Ledger) -> list[Source]:
    """The sources whose names can be stored; the others are reported."""
    for source in sources:
        if not source.is_utf8:
            message = "Its name is not UTF-8; rename it."
            ledger.report(Problem(uri=source.uri, outcome=Outcome.SKIPPED, reason="name-not-utf8", message=message))
    return [source for source in sources if source.is_utf8]


async def _prepared(run: Indexing, sources: Sequence[Source], stored: Stored, decoders: Executor) -> AsyncGenerator[list[Prepared], None]:
    """Batches in order, the next one being decoded while the caller encodes: at most two batches of pictures are in memory."""
    loop = asyncio.get_running_loop()

    def begin(at: int) -> "asyncio.Future[list[Prepared]]":
        batch = sources[at : at + run.batch_size]
        return asyncio.gather(*(loop.run_in_executor(decoders, _prepare, run, source, stored) for source in batch))

    ahead = begin(0)
    for at in range(0, len(sources), run.batch_size):
        batch = await ahead
        ahead = begin(at + run.batch_size)
        yield batch
    await ahead


def _prepare(run: Indexing, source: Source, stored: Stored) -> Prepared:
    """Read and decode one picture; a broken one costs only itself."""
    try:
        content = _read(source)
        if stored.get(point_id(source.uri), {}).get("content_hash") == content_hash(content):
            return Same(source)
        image = decode(content)
        payload = ImagePayload(
            **_facts(source, run.annotations.get(source.uri, NOTHING)),
            width=image.width,
            height=image.height,
            format=image.format,
            taken_at=image.taken_at,
            content_hash=content_hash(content),
        )
        return Ready(preprocess(image, run.card), payload)
    except InvalidImage as error:
        return Problem(uri=source.uri, outcome=Outcome.FAILED, reason=error.reason, message=str(error))
    except OSError as error:
        return Problem(uri=source.uri, outcome=Outcome.FAILED, reason="unreadable", message=f"It cannot be read: {error.strerror}.")


def _read(source: Source) -> bytes:
    limit = ImageLimits().content
    if source.size > limit:
        raise InvalidImage(f"It is larger than {limit // 1_000_000} MB.", reason="too-large")
    return source.path.read_bytes()


def _facts(source: Source, annotation: Annotation) -> dict[str, Any]:
    """The payload's fields that need no decoding."""
    return {
        "file_path": source.uri,
        "file_name": source.path.name,
        "s3_key": None,
        "category": category_of(source, annotation),
        "mtime": source.mtime,
        "size": source.size,
        "title": annotation.title,
        "tags": annotation.tags,
        "attributes": annotation.attributes,
        "indexed_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


async def _store(run: Indexing, batch: Sequence[Prepared], encoding: Executor, ledger: Ledger) -> None:
    await _encode(run, [each for each in batch if isinstance(each, Ready)], encoding, ledger)
    ledger.add(Outcome.UNCHANGED, await _refresh(run, [each.source for each in batch if isinstance(each, Same)]))
    problems = [each for each in batch if isinstance(each, Problem)]
    if problems:  # a picture that became unreadable must not be found by what it once showed
        await run.store.delete([point_id(problem.uri) for problem in problems])
    for problem in problems:
        ledger.report(problem)


async def _encode(run: Indexing, ready: Sequence[Ready], encoding: Executor, ledger: Ledger) -> None:
    if not ready:
        return
    pixels = np.stack([each.pixels for each in ready])
    vectors = await asyncio.get_running_loop().run_in_executor(encoding, run.encoder.encode_images, pixels)
    payloads = [each.payload for each in ready]
    await run.store.upsert([Point(point_id(p.file_path), row, p.as_payload()) for p, row in zip(payloads, vectors, strict=True)])
    ledger.add(Outcome.INDEXED, len(ready))
    ledger.encoded += len(ready)


async def _refresh(run: Indexing, sources: Sequence[Source]) -> int:
    """New metadata for pictures whose content is as it was: the stored vectors are kept. The number of pictures."""
    if not sources:
        return 0
    by_id = {point_id(source.uri): source for source in sources}
    records = await run.store.retrieve(list(by_id), with_vectors=True)
    await run.store.upsert([_renewed(run, by_id[record.id], record) for record in records])
    return len(records)


def _renewed(run: Indexing, source: Source, record: Record) -> Point:
    if record.vector is None:  # pragma: no cover  # a store that was asked for vectors returns them
        raise AssertionError("a stored point without its vector")
    payload = record.payload
    known = ImagePayload(**{"s3_key": None, "category": "", **payload, "tags": tuple(payload.get("tags", ()))})
    renewed = replace(known, **_facts(source, run.annotations.get(source.uri, NOTHING)))
    return Point(record.id, record.vector, renewed.as_payload())


async def _remove(run: Indexing, ids: Sequence[PointId], ledger: Ledger) -> None:
    if ids:
        await run.store.delete(ids)
        ledger.add(Outcome.DELETED, len(ids))
