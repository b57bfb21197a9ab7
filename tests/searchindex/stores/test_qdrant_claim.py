"""A collection that was made without a fingerprint: who puts in the first vectors says it, and nobody else's get in."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Generator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from qdrant_client import AsyncQdrantClient, models

from searchindex.errors import CollectionMismatch
from searchindex.stores import qdrant_metadata as metadata
from searchindex.stores.qdrant_claim import claimed
from tests.engines import QdrantServer
from tests.searchindex.stores.conftest import on_server
from tests.searchindex.stores.samples import CONFIG, DIM

INDEX = {"namespace": "shop", "name": "products", "uid": "uid-1", "revision": 3}


@pytest.fixture
async def client(qdrant_server: QdrantServer) -> AsyncIterator[AsyncQdrantClient]:
    client = AsyncQdrantClient(host=qdrant_server.host, port=qdrant_server.http_port, check_compatibility=False)
    yield client
    await client.close()


async def made(client: AsyncQdrantClient, name: str, **others: Any) -> None:
    """As a program that knows no model makes it; `others` is said beside."""
    said = metadata.described(name=name, fingerprint="", schema={}, index=INDEX) | others
    vectors = models.VectorParams(size=DIM, distance=models.Distance.COSINE)
    await client.create_collection(name, vectors_config=vectors, metadata=said)


async def said(client: AsyncQdrantClient, name: str) -> dict[str, Any]:
    return (await client.get_collection(name)).config.metadata or {}


async def test_the_first_to_fill_it_says_its_model(qdrant_server: QdrantServer, client: AsyncQdrantClient, collection: str) -> None:
    """The fingerprint is added to what the collection says; owner, index and foreign keys stay, and no claim is left."""
    await made(client, collection, note="mine")
    store = on_server(qdrant_server, collection)
    await store.create(CONFIG)
    await store.create(CONFIG)
    await store.close()
    there = await said(client, collection)
    assert there.pop("schema") == {}
    assert there == {"owner": "searchindex", "name": collection, "fingerprint": "f00d", "index": INDEX, "note": "mine"}


async def test_other_weights_are_refused_ever_after(qdrant_server: QdrantServer, client: AsyncQdrantClient, collection: str) -> None:
    """Once settled, a fingerprint is never written over."""
    await made(client, collection)
    store = on_server(qdrant_server, collection)
    await store.create(CONFIG)
    with pytest.raises(CollectionMismatch):
        await store.create(replace(CONFIG, fingerprint="beef"))
    await store.close()
    assert (await said(client, collection))["fingerprint"] == "f00d"


async def test_a_claim_that_was_left_behind_is_respected(qdrant_server: QdrantServer, client: AsyncQdrantClient, collection: str) -> None:
    """A process with other weights may be about to write: this one steps back and takes its own claim with it."""
    await made(client, collection, **{"claim-1": "beef"})
    store = on_server(qdrant_server, collection)
    with pytest.raises(CollectionMismatch, match="beef"):
        await store.create(CONFIG)
    await store.close()
    there = await said(client, collection)
    assert (there["fingerprint"], metadata.claims(there)) == ("", {"beef"})


async def test_a_collection_of_nobody_is_not_claimed(qdrant_server: QdrantServer, client: AsyncQdrantClient, collection: str) -> None:
    """What another program made says nothing of a model, and may hold vectors of any."""
    vectors = models.VectorParams(size=DIM, distance=models.Distance.COSINE)
    await client.create_collection(collection, vectors_config=vectors, metadata={"owner": "somebody"})
    store = on_server(qdrant_server, collection)
    with pytest.raises(CollectionMismatch):
        await store.create(CONFIG)
    await store.close()
    assert await said(client, collection) == {"owner": "somebody"}


async def test_another_dimension_claims_nothing(qdrant_server: QdrantServer, client: AsyncQdrantClient, collection: str) -> None:
    """A model that cannot be put in must not be what the collection says it holds."""
    await made(client, collection)
    store = on_server(qdrant_server, collection)
    with pytest.raises(CollectionMismatch):
        await store.create(replace(CONFIG, dim=DIM + 1))
    await store.close()
    assert (await said(client, collection))["fingerprint"] == ""


async def test_many_processes_of_one_model_all_pass(qdrant_server: QdrantServer, client: AsyncQdrantClient, collection: str) -> None:
    """The shards of one run start together."""
    await made(client, collection)
    stores = [on_server(qdrant_server, collection) for _ in range(4)]
    await asyncio.gather(*(store.create(CONFIG) for store in stores))
    await asyncio.gather(*(store.close() for store in stores))
    there = await said(client, collection)
    assert (there["fingerprint"], metadata.claims(there)) == ("f00d", set())


class Step:
    """Hands the turn over."""

    def __await__(self) -> Generator[None]:
        yield


class Processes:
    """Two that claim one collection, in memory; each `turn` is one request of one of them."""

    def __init__(self, *fingerprints: str) -> None:
        self.said = metadata.described(name="x", fingerprint="", schema={})
        self.passed: set[str] = set()
        self.running = [self._run(each) for each in fingerprints]

    def turn(self, number: int) -> None:
        with contextlib.suppress(StopIteration, RuntimeError):  # RuntimeError: it has ended before
            self.running[number].send(None)

    async def _run(self, fingerprint: str) -> None:
        try:
            there = await claimed(fingerprint, describe=self._describe, look=self._look)
        except CollectionMismatch:
            return
        if metadata.fingerprint(there.config.metadata) == fingerprint:
            self.passed.add(fingerprint)

    async def _describe(self, changes: dict[str, Any]) -> None:
        await Step()
        self.said = {key: value for key, value in (self.said | changes).items() if value is not None}

    async def _look(self) -> Any:
        await Step()
        return SimpleNamespace(config=SimpleNamespace(metadata=self.said))


STEPS = 5  # two reads and two writes, and one to begin


def test_two_models_never_both_pass() -> None:
    """In every order in which the requests of two processes can reach the server."""
    for first in itertools.combinations(range(2 * STEPS), STEPS):
        processes = Processes("f00d", "beef")
        for step in range(2 * STEPS):
            processes.turn(0 if step in first else 1)
        assert metadata.claims(processes.said) == set(), first
        assert processes.passed in ({processes.said["fingerprint"]}, set()), first
