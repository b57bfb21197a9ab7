"""What only a server brings: it can be away, elsewhere, locked, or reached by another name."""

import asyncio
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from qdrant_client import AsyncQdrantClient, models

from searchindex.errors import CollectionMismatch, StoreUnavailable
from searchindex.stores.qdrant import QdrantStore
from tests.engines import QdrantServer, free_ports, start_qdrant
from tests.searchindex.stores.conftest import on_server
from tests.searchindex.stores.samples import CONFIG, fan, nearest


@pytest.fixture
def own_server(qdrant_server: QdrantServer, tmp_path: Path) -> Iterator[QdrantServer]:
    """A server that a test may stop; asks for the shared one first, so that both are skipped alike."""
    assert qdrant_server.host
    server = start_qdrant(tmp_path, api_key="secret")
    yield server
    server.engine.stop()


def with_key(server: QdrantServer, key: str | None) -> QdrantStore:
    return QdrantStore(server.host, collection="x", grpc_port=server.grpc_port, http_port=server.http_port, api_key=key, timeout=10)


async def test_a_server_that_stops_is_told_at_once_and_found_again(own_server: QdrantServer):
    """Requests must not hang for the whole timeout while a server is down, nor stay broken when it is back."""
    store = with_key(own_server, "secret")
    await store.create(CONFIG)
    await store.upsert(fan([1]))
    own_server.engine.stop()
    begun = time.monotonic()
    with pytest.raises(StoreUnavailable, match="does not answer") as refused:
        await store.search([nearest()])
    assert time.monotonic() - begun < 2
    assert refused.value.hint
    assert len(refused.value.message.encode()) < 400
    own_server.engine.start()
    assert await _soon(store) == 1
    await store.close()


async def _soon(store: QdrantStore) -> int:
    for _ in range(100):
        try:
            return await store.count()
        except StoreUnavailable:
            await asyncio.sleep(0.1)
    raise AssertionError


@pytest.mark.parametrize("key", [None, "wrong"])
async def test_a_wrong_key_is_told_as_such(own_server: QdrantServer, key: str | None):
    """The hint names the key, and the key itself is not echoed."""
    store = with_key(own_server, key)
    with pytest.raises(StoreUnavailable, match="refuses the key") as refused:
        await store.state()
    assert "wrong" not in str(refused.value)
    await store.close()


async def test_nobody_at_the_port_is_told_quickly():
    """The commonest mistake in a configuration."""
    (port,) = free_ports(1)
    store = QdrantStore("127.0.0.1", collection="x", grpc_port=port, timeout=5)
    begun = time.monotonic()
    with pytest.raises(StoreUnavailable, match=f"127.0.0.1:{port} does not answer"):
        await store.create(CONFIG)
    assert time.monotonic() - begun < 2
    await store.close()


async def test_a_silent_server_costs_no_more_than_the_timeout():
    """A port that accepts and says nothing: the limit is the caller's, to the fraction of a second."""
    with socket.create_server(("127.0.0.1", 0)) as quiet:  # connections wait in its queue
        store = QdrantStore("127.0.0.1", collection="x", grpc_port=quiet.getsockname()[1], timeout=0.5)
        begun = time.monotonic()
        with pytest.raises(StoreUnavailable):
            await store.count()
        assert time.monotonic() - begun < 1.5
        await store.close()


async def test_an_alias_leads_to_its_target(qdrant_server: QdrantServer, collection: str):
    """The active revision is served under an alias; whoever asks must learn which collection that is."""
    store, alias = on_server(qdrant_server, collection), f"{collection}-live"
    await store.create(CONFIG)
    await store.upsert(fan([1, 2]))
    client = AsyncQdrantClient(
        host=qdrant_server.host,
        port=qdrant_server.http_port,
        grpc_port=qdrant_server.grpc_port,
        prefer_grpc=True,
        check_compatibility=False,
    )
    pointing = models.CreateAlias(collection_name=collection, alias_name=alias)
    await client.update_collection_aliases([models.CreateAliasOperation(create_alias=pointing)])
    served = on_server(qdrant_server, alias)
    state = await served.state()
    assert state == await store.state()
    assert state is not None
    assert state.name == collection
    assert [hit.id for hit in (await served.search([nearest()]))[0]] == [1, 2]
    await served.create(CONFIG)
    with pytest.raises(CollectionMismatch):
        await served.create(replace(CONFIG, fingerprint="beef"))
    await store.drop()
    for each in (client, store, served):
        await each.close()


async def test_the_collection_is_what_was_asked_for(qdrant_server: QdrantServer, collection: str):
    """Published settings: cosine, m 16, ef_construct 200, int8 at 0.99 in RAM, an index for each declared field."""
    store = on_server(qdrant_server, collection)
    await store.create(CONFIG)
    info = await store._required()
    scalar = info.config.quantization_config
    assert isinstance(scalar, models.ScalarQuantization)
    assert (scalar.scalar.quantile, scalar.scalar.always_ram) == (pytest.approx(0.99), True)
    assert (info.config.hnsw_config.m, info.config.hnsw_config.ef_construct) == (16, 200)
    assert set(info.payload_schema) == set(CONFIG.schema)
    assert info.config.metadata is not None
    assert info.config.metadata["owner"] == "searchindex"
    await store.drop()
    await store.close()


async def test_a_collection_of_another_program_is_not_ours(qdrant_server: QdrantServer, collection: str):
    """Without our fingerprint nobody knows the model: it must not be written to."""
    store = on_server(qdrant_server, collection)
    await store._client.create_collection(collection, vectors_config=models.VectorParams(size=8, distance=models.Distance.COSINE))
    with pytest.raises(CollectionMismatch, match="none"):
        await store.create(CONFIG)
    await store.drop()
    await store.close()
