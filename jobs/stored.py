"""The points that one run is responsible for. Those of other sources and programs are not looked at, and never touched."""

from collections.abc import AsyncIterator

from jobs.listing import Scope
from searchindex.points import Payload, PointId, point_id
from searchindex.ports import Record, VectorStore


async def points_of(store: VectorStore, scope: Scope) -> AsyncIterator[tuple[str, Record]]:
    """With the URI that each names, also where its id is another's."""
    async for record in store.scroll():
        uri = record.payload.get("file_path")
        if isinstance(uri, str) and scope.has(uri):
            yield uri, record


async def stored_points(store: VectorStore, scope: Scope) -> dict[PointId, Payload]:
    """Those whose id follows from their URI."""
    return {record.id: record.payload async for uri, record in points_of(store, scope) if record.id == point_id(uri)}
