"""Bringing the collection in line: encode and upsert, refresh, remove. Every picture is settled in the ledger once that is durable."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np

from jobs.encode import Row, encode_apart
from jobs.indexing import Indexing
from jobs.ledger import Entry, Ledger, Outcome
from jobs.plan import PLACE, Intent, category_of, outcome_of
from jobs.prepare import Broken, Prepared, Ready, Same, entry_of
from jobs.sidecar import NOTHING, Annotation
from jobs.sources import Source
from jobs.steps import Step
from searchindex.points import ImagePayload, Payload, PointId, point_id
from searchindex.ports import Point, Record

REMOVED_AT_ONCE = 1000  # ids in one message


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """A batch on its way to the store: `pictures` with their vectors, `same`: touched files, `broken`: what cannot be used."""

    number: int
    pictures: Sequence[tuple[Ready, Row]]
    same: Sequence[Source]
    broken: Sequence[Broken]


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """`encoding`: one thread, which owns the encoder."""

    run: Indexing
    ledger: Ledger
    intents: Mapping[str, Intent]
    encoding: Executor = field(repr=False)

    async def encode(self, batch: Sequence[Prepared], *, number: int) -> Encoded:
        """Nothing is written yet. `number`: of the batch in this run, from 0."""
        ready = [each for each in batch if isinstance(each, Ready)]
        with self.run.steps.step(Step.ENCODE, batch=number, size=len(ready)):
            rows = await self._rows(ready)
        failed = [_not_encoded(each.source) for each, row in zip(ready, rows, strict=True) if row is None]
        return Encoded(
            number=number,
            pictures=[(each, row) for each, row in zip(ready, rows, strict=True) if row is not None],
            same=[each.source for each in batch if isinstance(each, Same)],
            broken=[*(each for each in batch if isinstance(each, Broken)), *failed],
        )

    async def store(self, encoded: Encoded) -> None:
        """A whole batch; nothing of it is left open afterwards."""
        if encoded.pictures:
            with self.run.steps.step(Step.UPSERT, batch=encoded.number, size=len(encoded.pictures)):
                await self._upsert([self._point(each, row) for each, row in encoded.pictures])
        for each, _ in encoded.pictures:
            self._settle(each.source, each.content_hash)
        self.ledger.encoded += len(encoded.pictures)
        await self.refresh(encoded.same)
        await self._report(encoded.broken)

    async def refresh(self, sources: Sequence[Source]) -> None:
        """New metadata for pictures whose content is as it was: the stored vectors are kept."""
        if not sources:
            return
        by_id = {point_id(source.uri): source for source in sources}
        records = await self.run.patience(lambda: self.run.store.retrieve(list(by_id), with_vectors=True))
        await self._upsert([self._renewed(by_id[record.id], record) for record in records])
        for record in records:
            self._settle(by_id.pop(record.id), record.payload.get("content_hash"))
        message = "Its point was removed while the run went on; run it again."
        for source in by_id.values():
            self.ledger.settle(entry_of(source, Outcome.SKIPPED, reason="point-vanished", message=message))

    async def remove(self, uris: Sequence[str]) -> None:
        """Points whose picture is gone."""
        for at in range(0, len(uris), REMOVED_AT_ONCE):
            self.run.stop.check()
            chunk = uris[at : at + REMOVED_AT_ONCE]
            await self._delete(chunk)
            for uri in chunk:
                self.ledger.settle(Entry(uri=uri, outcome=Outcome.DELETED))

    async def _rows(self, ready: Sequence[Ready]) -> list[Row | None]:
        if not ready:
            return []
        pixels = np.stack([each.picture.pixels for each in ready])
        return await asyncio.get_running_loop().run_in_executor(self.encoding, encode_apart, self.run.encoder, pixels)

    async def _report(self, broken: Sequence[Broken]) -> None:
        """A picture that became unusable must not be found by what it once showed."""
        await self._delete([each.entry.uri for each in broken if each.stale])
        if broken:
            await asyncio.to_thread(self.run.journal.note, [each.entry for each in broken])
        for each in broken:
            self.ledger.settle(each.entry)

    async def _upsert(self, points: Sequence[Point]) -> None:
        await self.run.patience(lambda: self.run.store.upsert(points))

    async def _delete(self, uris: Iterable[str]) -> None:
        ids: list[PointId] = [point_id(uri) for uri in uris]
        if ids:
            await self.run.patience(lambda: self.run.store.delete(ids))

    def _settle(self, source: Source, digest: str | None) -> None:
        outcome = outcome_of(self.intents.get(source.uri), digest)
        self.ledger.settle(entry_of(source, outcome, digest=digest))

    def _annotation(self, source: Source) -> Annotation:
        return self.run.annotations.get(source.uri, NOTHING)

    def _point(self, ready: Ready, row: Row) -> Point:
        picture = ready.picture
        payload = ImagePayload(
            **_facts(ready.source, self._annotation(ready.source)),
            width=picture.width,
            height=picture.height,
            format=picture.format,
            taken_at=picture.taken_at,
            location=picture.location if self.run.place else None,
            content_hash=ready.content_hash,
        )
        return Point(point_id(ready.source.uri), row, payload.as_payload())

    def _renewed(self, source: Source, record: Record) -> Point:
        """What the picture itself says is kept, and what another program may have added; a place only while it is wanted."""
        if record.vector is None:  # pragma: no cover  # a store that was asked for vectors returns them
            raise AssertionError("a stored point without its vector")
        facts = _facts(source, self._annotation(source))
        payload: Payload = {**record.payload, **facts, "tags": list(facts["tags"])}
        if not self.run.place:
            payload.pop(PLACE, None)
        return Point(record.id, record.vector, {name: value for name, value in payload.items() if value not in (None, [], {})})


def _not_encoded(source: Source) -> Broken:
    entry = entry_of(source, Outcome.FAILED, reason="encode-failed", message="The model cannot encode it.")
    return Broken(entry=entry, stale=True)


def _facts(source: Source, annotation: Annotation) -> dict[str, Any]:
    """The payload's fields that need no decoding."""
    return {
        "file_path": source.uri,
        "file_name": source.name,
        "s3_key": source.s3_key,
        "category": category_of(source, annotation),
        "mtime": source.mtime,
        "size": source.size,
        "title": annotation.title,
        "tags": annotation.tags,
        "attributes": annotation.attributes,
        "indexed_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
