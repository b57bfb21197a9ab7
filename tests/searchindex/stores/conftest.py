"""Both stores on their real engines: `store` for points; `fresh` and `open_store` for what happens to a collection as a whole."""

import asyncio
import contextlib
import itertools
import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from searchindex.errors import StoreUnavailable
from searchindex.ports import VectorStore
from searchindex.stores.edge import EdgeStore
from searchindex.stores.qdrant import QdrantStore
from tests.engines import QdrantServer, qdrant_server
from tests.searchindex.stores.samples import CONFIG

__all__ = ["qdrant_server"]

numbers = itertools.count()


@pytest.fixture
def collection() -> str:
    """A name that no other test uses."""
    return f"test-{os.getpid()}-{next(numbers)}"


@pytest.fixture(params=["edge", "qdrant"])
def open_store(request: pytest.FixtureRequest, tmp_path: Path, collection: str) -> Callable[[], VectorStore]:
    if request.param == "edge":
        return lambda: EdgeStore(tmp_path / "index")
    server: QdrantServer = request.getfixturevalue("qdrant_server")
    return lambda: on_server(server, collection)


@pytest.fixture
async def fresh(empty: VectorStore) -> VectorStore:
    """A store with a new collection of CONFIG."""
    await empty.create(CONFIG)
    return empty


@pytest.fixture
async def empty(open_store: Callable[[], VectorStore]) -> AsyncIterator[VectorStore]:
    """A store without a collection."""
    store = open_store()
    yield store
    with contextlib.suppress(StoreUnavailable):  # a test may have closed it
        await store.drop()
    await store.close()


@pytest.fixture(scope="session")
def shared_edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EdgeStore]:
    """Making a collection takes longer than most tests: those that only need points share one."""
    store = EdgeStore(tmp_path_factory.mktemp("shared"))
    yield store
    asyncio.run(store.close())


@pytest.fixture(params=["edge", "qdrant"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[VectorStore]:
    """A store with a collection of CONFIG without points, though not without a past."""
    if request.param == "edge":
        store: VectorStore = request.getfixturevalue("shared_edge")
    else:
        store = on_server(request.getfixturevalue("qdrant_server"), f"shared-{os.getpid()}")
    await store.create(CONFIG)
    yield store
    await store.delete([record.id async for record in store.scroll()])
    if request.param == "qdrant":  # its channel belongs to this test's event loop
        await store.close()


def on_server(server: QdrantServer, collection: str) -> QdrantStore:
    return QdrantStore(server.host, collection=collection, grpc_port=server.grpc_port, http_port=server.http_port)
