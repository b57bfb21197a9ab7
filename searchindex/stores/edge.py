"""The index in one folder, in this process: Qdrant Edge behind `VectorStore`.

The engine's calls block, so none runs on the event loop. Opening is lazy; the folder's lock is held from then until `close`.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self, TypeVar

from searchindex.collection import CollectionConfig, CollectionState
from searchindex.filters import Filter
from searchindex.points import Payload, PointId
from searchindex.ports import Hit, Point, Query, Record
from searchindex.stores.edge_folder import Description, EdgeFolder
from searchindex.stores.edge_rebuild import rebuild
from searchindex.stores.edge_shard import OpenShard
from searchindex.stores.edge_threads import EngineThreads
from searchindex.stores.ranking import Fetch, Scored, facet_top, search_pages
from searchindex.stores.schema import no_collection, require_keyword, require_same
from searchindex.stores.vectors import checked_query, checked_rows

Done = TypeVar("Done")


class EdgeStore:
    """One collection in `folder`; a second process gets StoreUnavailable with the first one's pid."""

    def __init__(self, folder: Path) -> None:
        self._folder = EdgeFolder(folder)
        self._threads = EngineThreads(folder)
        self._open: OpenShard | None = None  # assigned on the writing thread alone

    async def create(self, config: CollectionConfig) -> None:
        await self._threads.write(lambda: self._create(config))

    async def create_for_loading(self, config: CollectionConfig) -> None:
        """As `create`: this engine builds nothing before it is told to."""
        await self.create(config)

    async def finish_loading(self, _config: CollectionConfig) -> None:
        await self.optimize()

    async def state(self) -> CollectionState | None:
        opened = await self._opened()
        return None if opened is None else await self._threads.read(opened.state)

    def at(self, name: str) -> Self:  # noqa: ARG002  # the port's parameter
        """A folder has one collection and no aliases."""
        return self

    async def drop(self) -> None:
        await self._retire(await self._threads.write(self._forget))
        await self._threads.write(self._sweep)

    async def upsert(self, points: Sequence[Point]) -> None:
        dim = (await self._required()).config.dim
        await self._write(lambda shard: shard.upsert(points, checked_rows(points, dim=dim)), adding=True)

    async def delete(self, ids: Sequence[PointId]) -> None:
        await self._write(lambda shard: shard.delete(ids), adding=False)

    async def search(self, queries: Sequence[Query]) -> list[list[Hit]]:
        dim = (await self._required()).config.dim
        checked = [replace(query, vector=checked_query(query.vector, dim=dim)) for query in queries]
        return await search_pages(checked, fetch=self._fetch, payloads=self._payloads)

    async def retrieve(self, ids: Sequence[PointId], *, with_vectors: bool = False) -> list[Record]:
        return await self._read(lambda shard: shard.retrieve(ids, with_vectors=with_vectors))

    async def scroll(self, *, batch: int = 1000) -> AsyncIterator[Record]:
        following: PointId | None = PointId(0)
        while following is not None:
            records, following = await self._page(following, batch)
            for record in records:
                yield record

    async def count(self, filter: Filter | None = None) -> int:
        return await self._read(lambda shard: shard.count(filter))

    async def facet(self, field: str, *, limit: int = 100, filter: Filter | None = None) -> dict[str, int]:
        require_keyword(field, schema=(await self._required()).config.schema)
        return await facet_top(limit, fetch=lambda depth: self._read(lambda shard: shard.facet(field, limit=depth, filter=filter)))

    async def optimize(self) -> None:
        await self._retire(await self._threads.write(self._optimize))
        await self._threads.write(self._sweep)

    async def close(self) -> None:
        await self._threads.close(self._close)

    # -- asked on the event loop

    async def _opened(self) -> OpenShard | None:
        return self._open or await self._threads.write(self._ensure_open)

    async def _required(self) -> OpenShard:
        if (opened := await self._opened()) is None:
            raise no_collection(str(self._folder.path))
        return opened

    async def _read(self, act: Callable[[OpenShard], Done]) -> Done:
        opened = await self._required()
        return await self._threads.read(lambda: act(opened))

    async def _write(self, act: Callable[[OpenShard], None], *, adding: bool) -> None:
        await self._threads.write(lambda: self._update(act, adding=adding))

    async def _retire(self, old: OpenShard | None) -> None:
        """Close a shard that is no longer the current one, once the searches in it are over."""
        if old is not None:
            await self._threads.quiet()
            await self._threads.write(old.close)

    async def _page(self, start: PointId, batch: int) -> tuple[list[Record], PointId | None]:
        return await self._read(lambda shard: shard.scroll(start, limit=batch))

    async def _fetch(self, asked: Sequence[Fetch]) -> list[list[Scored]]:
        return await self._read(lambda shard: shard.search(asked))

    async def _payloads(self, ids: Sequence[PointId]) -> dict[PointId, Payload]:
        return {record.id: record.payload for record in await self.retrieve(ids)}

    # -- on the writing thread

    def _ensure_open(self) -> OpenShard | None:
        if self._open is None and self._folder.described():
            self._folder.acquire()
            if (described := self._folder.describe()) is not None:
                self._folder.sweep(keep=described.shard)
                self._open = OpenShard.load(self._folder.path / described.shard, described.config)
        return self._open

    def _create(self, config: CollectionConfig) -> None:
        self._folder.acquire()
        if (opened := self._ensure_open()) is not None:
            there = opened.config
            require_same(config, name=there.name, dim=there.dim, fingerprint=there.fingerprint)
            return
        self._folder.sweep(keep=None)
        self._folder.require_room()
        made = OpenShard.create(self._folder.path / self._folder.new_shard(), config)
        self._folder.commit(Description(config, made.name))
        self._open = made

    def _update(self, act: Callable[[OpenShard], None], *, adding: bool) -> None:
        if (opened := self._ensure_open()) is None:
            raise no_collection(str(self._folder.path))
        if adding:
            self._folder.require_room()
        act(opened)

    def _optimize(self) -> OpenShard | None:
        """Returns the shard that has been replaced, if one has."""
        if (opened := self._ensure_open()) is None:
            raise no_collection(str(self._folder.path))
        if opened.is_small():
            opened.shard.optimize()
            return None
        self._open = rebuild(self._folder, opened)
        return opened

    def _forget(self) -> OpenShard | None:
        if not self._folder.described():
            return None
        self._folder.acquire()
        old, self._open = self._open, None
        self._folder.forget()
        return old

    def _sweep(self) -> None:
        if self._folder.held:
            self._folder.sweep(keep=self._open.name if self._open else None)

    def _close(self) -> None:
        opened, self._open = self._open, None
        if opened is not None:
            opened.close()
        self._folder.release()
