"""Gathering what source, collection and ledger say."""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from jobs.ledger import Entry
from jobs.listing import Listing, Scope, list_pictures
from jobs.patience import Patience
from jobs.sources import Selection, Source, Sources
from jobs.stop import Stop
from jobs.stored import points_of
from jobs.verification.audit import Found
from searchindex.errors import InvalidImage
from searchindex.points import Payload, PointId, content_hash
from searchindex.ports import VectorStore

AT_ONCE = 500  # vectors
TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """`deep`: also at pictures and vectors. `workers`: threads that read pictures."""

    sources: Sources
    store: VectorStore
    scope: Scope
    selection: Selection
    deep: bool
    workers: int
    patience: Patience
    stop: Stop

    async def take(self, account: Mapping[str, Entry] | None) -> Found:
        listing = await asyncio.to_thread(list_pictures, self.sources, scope=self.scope, selection=self.selection, check=self.stop.check)
        stored = await self.patience(self._stored)
        spoilt = await self._spoilt(list(stored)) if self.deep else ()
        contents = await asyncio.to_thread(self._contents, listing) if self.deep else {}
        return Found(listing=listing, stored=stored, account=account, contents=contents, spoilt=spoilt)

    async def _stored(self) -> dict[PointId, tuple[str, Payload]]:
        return {record.id: (uri, record.payload) async for uri, record in points_of(self.store, self.scope)}

    async def _spoilt(self, ids: Sequence[PointId]) -> list[PointId]:
        bad: list[PointId] = []
        for at in range(0, len(ids), AT_ONCE):
            self.stop.check()
            some = ids[at : at + AT_ONCE]
            records = await self.patience(partial(self.store.retrieve, some, with_vectors=True))
            bad += [record.id for record in records if not abs(_length(record.vector) - 1) <= TOLERANCE]
        return bad

    def _contents(self, listing: Listing) -> dict[str, str]:
        with ThreadPoolExecutor(self.workers, "read") as readers:
            read = readers.map(self._content, listing.sources)
            return {source.uri: digest for source, digest in zip(listing.sources, read, strict=True) if digest is not None}

    def _content(self, source: Source) -> str | None:
        """None where it cannot be read now: that says nothing about what it shows."""
        self.stop.check()
        try:
            return content_hash(self.sources.read(source))
        except (OSError, InvalidImage):
            return None


def _length(vector: NDArray[np.float32] | None) -> float:
    return float("nan") if vector is None else float(np.linalg.norm(vector.astype(np.float64)))
