"""The index on a Qdrant server (1.16 or newer), over gRPC."""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from copy import copy
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from qdrant_client import AsyncQdrantClient, models

from searchindex.collection import CollectionConfig, CollectionState, Hnsw
from searchindex.errors import NotFound, StoreUnavailable, shorten
from searchindex.filters import Filter
from searchindex.points import Payload, PointId
from searchindex.ports import Hit, Point, Query, Record
from searchindex.stores import qdrant_metadata
from searchindex.stores import qdrant_queries as queries
from searchindex.stores import qdrant_wire as wire
from searchindex.stores.qdrant_claim import claimed
from searchindex.stores.qdrant_errors import closed, qdrant_errors
from searchindex.stores.qdrant_filters import qdrant_filter
from searchindex.stores.ranking import Fetch, Scored, facet_top, search_pages
from searchindex.stores.schema import require_keyword, require_same
from searchindex.stores.vectors import checked_query, checked_rows

Done = TypeVar("Done")

UPSERT = 500  # points in one message: two megabytes at 1,024 dimensions
POLL = 0.2  # seconds between two looks at a collection that is being optimised
IDLE = 25  # looks at one that is green and yet not built, before it is asked anew
ASKED = 5  # times
RECONNECT = {"grpc.initial_reconnect_backoff_ms": 200, "grpc.max_reconnect_backoff_ms": 2000}  # gRPC's own goes up to two minutes
# A connection whose other end is gone without a word, with its node or at a router that forgot it, is else used for ever.
KEEPALIVE = {"grpc.keepalive_time_ms": 10_000, "grpc.keepalive_timeout_ms": 5000, "grpc.http2.max_pings_without_data": 0}
# Only the first algorithm, which is none: a client that offers gzip gets it, and a vector then takes the server ten times as long.
UNCOMPRESSED = {"grpc.compression_enabled_algorithms_bitset": 1}


class QdrantStore:
    """The collection, or what the alias names, `collection`. `timeout` in seconds, for every single call.

    `metadata`: asked at every search and upsert, in the caller's context, for what goes with it, such as `traceparent`, in lower case.
    """

    def __init__(
        self,
        host: str,
        *,
        collection: str,
        grpc_port: int = 6334,
        http_port: int = 6333,
        api_key: str | None = None,
        tls: bool = False,
        timeout: float = 10.0,
        ef: int = Hnsw().ef,
        metadata: Callable[[], Sequence[tuple[str, str]]] = list,
    ) -> None:
        self._collection = collection
        self._server = f"{host}:{grpc_port}"
        self._timeout = timeout
        self._ef = ef
        self._metadata = metadata
        self._closed = False
        self._client = AsyncQdrantClient(
            host=host,
            port=http_port,
            grpc_port=grpc_port,
            prefer_grpc=True,
            https=tls,
            headers={"api-key": api_key} if api_key else None,  # as `api_key` the client warns where the network is private
            timeout=math.ceil(timeout),
            grpc_options=RECONNECT | KEEPALIVE | UNCOMPRESSED,
            check_compatibility=False,  # it would ask over HTTP, on a thread of its own, and print
        )

    async def create(self, config: CollectionConfig) -> None:
        await self._index_fields(config, await self._created(config))

    async def create_for_loading(self, config: CollectionConfig) -> None:
        """As `create`, but a new collection builds no index of vectors or payload until `finish_loading`: it takes points faster."""
        await self._created(config, deferred=True)

    async def finish_loading(self, config: CollectionConfig) -> None:
        """Build what `create_for_loading` left out. Fields first: the graph has edges for them."""
        await self._index_fields(config, await self._required())
        await self.optimize()

    async def claim(self, config: CollectionConfig) -> bool:
        """As `create` for a collection that another program makes: nothing is made but the fingerprint. False where there is none."""
        try:
            return await self._claimed(config) is not None
        except NotFound:  # removed while it was claimed
            return False

    async def state(self) -> CollectionState | None:
        if (info := await self._info()) is None:
            return None
        if (name := await self._real_name(info)) != self._collection:
            return await self.at(name).state()  # all of it by that name: an alias may move between two calls
        return wire.state(info, points=await self.count(), name=name)

    def at(self, name: str) -> "QdrantStore":
        there = copy(self)
        there._collection = name  # noqa: SLF001  # a copy of this object's own
        return there

    async def drop(self) -> None:
        await self._call(lambda: self._client.delete_collection(self._collection))

    async def upsert(self, points: Sequence[Point]) -> None:
        rows = checked_rows(points)
        for start in range(0, len(points), UPSERT):
            part = slice(start, start + UPSERT)
            message = await asyncio.to_thread(wire.upsert_points, points[part], rows[part], collection=self._collection)
            await self._call(partial(self._client.grpc_points.Upsert, message, timeout=self._timeout, metadata=self._metadata()))

    async def delete(self, ids: Sequence[PointId]) -> None:
        wanted = models.PointIdsList(points=list(ids))
        if ids:  # the server refuses an empty list
            await self._call(lambda: self._client.delete(self._collection, wanted, wait=True))

    async def search(self, queries: Sequence[Query]) -> list[list[Hit]]:
        checked = [replace(query, vector=checked_query(query.vector)) for query in queries]
        return await search_pages(checked, fetch=self._fetch, payloads=self._payloads)

    async def retrieve(self, ids: Sequence[PointId], *, with_vectors: bool = False) -> list[Record]:
        message = wire.get_points(ids, self._collection, with_vectors=with_vectors)
        # By the stub, as the client's own method makes a Python float and a check of each number of each vector.
        found = (await self._call(partial(self._client.grpc_points.Get, message, timeout=self._timeout))).result
        known = {each.id: each for each in map(wire.retrieved, found)}
        return [known[each] for each in ids if each in known]

    async def scroll(self, *, batch: int = 1000) -> AsyncIterator[Record]:
        following: PointId | None = PointId(0)
        while following is not None:
            records, following = await self._page(following, batch)
            for each in records:
                yield each

    async def count(self, filter: Filter | None = None) -> int:
        wanted = qdrant_filter(filter)
        return (await self._call(lambda: self._client.count(self._collection, wanted, exact=True))).count

    async def facet(self, field: str, *, limit: int = 100, filter: Filter | None = None) -> dict[str, int]:
        require_keyword(field, schema=wire.schema(await self._required()))
        wanted = qdrant_filter(filter)
        return await facet_top(limit, fetch=lambda depth: self._facet(field, depth, wanted))

    async def optimize(self) -> None:
        """Setting a value that is already set makes the server look for work; then it says itself when it is done."""
        settings = models.OptimizersConfigDiff(indexing_threshold=qdrant_metadata.INDEXING_THRESHOLD)
        for _ in range(ASKED):
            await self._call(lambda: self._client.update_collection(self._collection, optimizers_config=settings))
            if wire.built(await self._green()):
                return
        raise StoreUnavailable("Qdrant says that it is done, and has not built the index.", hint="Look at the server's log.")

    async def _green(self) -> models.CollectionInfo:
        """Once it is: built where it was waited for, or after some looks the server sees nothing to do."""
        idle = 0
        while True:
            await asyncio.sleep(POLL)
            info = await self._required()
            if info.status is models.CollectionStatus.RED:
                raise StoreUnavailable(
                    f"Qdrant cannot build the index: {shorten(str(info.optimizer_status))}", hint="Look at the server's log."
                )
            idle = idle + 1 if info.status is models.CollectionStatus.GREEN else 0
            if idle and (wire.built(info) or idle > IDLE):
                return info

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            await self._client.close()

    async def _call(self, act: Callable[[], Awaitable[Done]]) -> Done:
        if self._closed:
            raise closed()
        with qdrant_errors(server=self._server, collection=self._collection):
            async with asyncio.timeout(self._timeout):
                return await act()

    async def _info(self) -> models.CollectionInfo | None:
        try:
            return await self._required()
        except NotFound:
            return None

    async def _required(self) -> models.CollectionInfo:
        return await self._call(lambda: self._client.get_collection(self._collection))

    async def _claimed(self, config: CollectionConfig) -> models.CollectionInfo | None:
        """The collection, of `config`'s vectors for certain; CollectionMismatch where it is of others."""
        if (there := await self._info()) is None:
            return None
        if qdrant_metadata.unclaimed(there.config.metadata):
            require_same(config, name=self._collection, dim=wire.dim(there), fingerprint=config.fingerprint)
            there = await claimed(config.fingerprint, describe=self._describe, look=self._required)
        require_same(config, name=self._collection, dim=wire.dim(there), fingerprint=wire.fingerprint(there))
        return there

    async def _created(self, config: CollectionConfig, *, deferred: bool = False) -> models.CollectionInfo:
        if await self._info() is None:
            await self._make(config, deferred=deferred)
        if (there := await self._claimed(config)) is None:
            raise StoreUnavailable(f'The collection "{shorten(self._collection, 60)}" was removed while it was made.', hint="Try again.")
        return there

    async def _make(self, config: CollectionConfig, *, deferred: bool) -> None:
        """Another process may do the same at the same moment: what counts is what is there afterwards."""
        settings = wire.settings(config, deferred=deferred) | {"metadata": wire.described(config, name=self._collection)}
        try:
            await self._call(lambda: self._client.create_collection(self._collection, **settings))
        except Exception:
            if await self._info() is None:
                raise

    async def _describe(self, said: dict[str, Any]) -> None:
        await self._call(lambda: self._client.update_collection(self._collection, metadata=said))

    async def _index_fields(self, config: CollectionConfig, there: models.CollectionInfo) -> None:
        """Those that are missing: the process that made the collection may have been killed, or be at it still."""
        for field, kind in config.schema.items():
            if field not in there.payload_schema:
                schema = models.PayloadSchemaType(str(kind))
                await self._call(partial(self._client.create_payload_index, self._collection, field, schema, wait=True))

    async def _real_name(self, info: models.CollectionInfo) -> str:
        """What an alias points to; the names need no look-up where the collection itself says that it is called so."""
        if (info.config.metadata or {}).get("name") == self._collection:
            return self._collection
        aliases = (await self._call(self._client.get_aliases)).aliases
        return next((each.collection_name for each in aliases if each.alias_name == self._collection), self._collection)

    async def _page(self, start: PointId, batch: int) -> tuple[list[Record], PointId | None]:
        found, following = await self._call(lambda: self._client.scroll(self._collection, limit=batch, offset=start, with_payload=True))
        return [wire.record(each) for each in found], None if following is None else PointId(int(str(following)))

    async def _fetch(self, asked: Sequence[Fetch]) -> list[list[Scored]]:
        message = queries.query_batch(asked, ef=self._ef, collection=self._collection)
        # By the stub, as the client's own method takes no metadata.
        call = partial(self._client.grpc_points.QueryBatch, message, timeout=self._timeout, metadata=self._metadata())
        return [queries.scored(each) for each in (await self._call(call)).result]

    async def _payloads(self, ids: Sequence[PointId]) -> dict[PointId, Payload]:
        return {each.id: each.payload for each in await self.retrieve(ids)}

    async def _facet(self, field: str, depth: int, wanted: models.Filter | None) -> list[tuple[str, int]]:
        found = await self._call(lambda: self._client.facet(self._collection, field, facet_filter=wanted, limit=depth, exact=True))
        return [(str(hit.value), hit.count) for hit in found.hits if hit.count]
