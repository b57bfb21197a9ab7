"""What tests of the indexing program share: a real Qdrant server, and collections of their own."""

import itertools
import os
from collections.abc import AsyncIterator, Iterator

import pytest

from jobs.settings import JobSettings
from searchindex.stores.qdrant import QdrantStore
from tests.engines import QdrantServer, qdrant_server
from tests.s3_server import S3Server, s3_server

__all__ = ["qdrant_server"]

numbers = itertools.count()


@pytest.fixture(autouse=True)
def no_job_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of whoever runs the tests does not reach the program."""
    for name in JobSettings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def collection() -> str:
    """A name that no other test uses."""
    return f"jobs-{os.getpid()}-{next(numbers)}"


@pytest.fixture
async def on_server(qdrant_server: QdrantServer, collection: str) -> AsyncIterator[QdrantStore]:
    """The test's collection, removed afterwards; it is for the test to have it made."""
    store = QdrantStore(qdrant_server.host, http_port=qdrant_server.http_port, grpc_port=qdrant_server.grpc_port, collection=collection)
    yield store
    await store.drop()
    await store.close()


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    """An empty bucket, and the credentials for it in the environment."""
    with s3_server() as server:
        for name, value in server.credentials().items():
            monkeypatch.setenv(name, value)
        yield server
