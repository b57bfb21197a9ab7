"""Whose collection a run writes to, where the controller makes it: on a real server, by the controller's own store."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from controller.actions import CreateCollection
from controller.observed import CollectionSettings, Owner
from controller.pods import pod_problem
from controller.store_qdrant import QdrantCollections
from jobs.ledger import Outcome
from searchindex.models import read_model
from searchindex.stores.qdrant import QdrantStore
from searchindex.stores.qdrant_rest import QdrantRest
from tests.engines import QdrantServer
from tests.jobs.processes import SAMPLES, environment, here, run
from tests.pictures import folder_of

MODEL = read_model(SAMPLES / "model")
OWNER = Owner(program="searchindex", namespace="shop", name="products", uid="uid-1", revision=3, revision_hash="0a1b2c3d")


@pytest.fixture
async def controllers(qdrant_server: QdrantServer) -> AsyncIterator[QdrantCollections]:
    store = QdrantCollections(QdrantRest(qdrant_server.host, qdrant_server.http_port))
    yield store
    await store.close()


@pytest.fixture
def settings(tmp_path: Path, qdrant_server: QdrantServer, collection: str) -> dict[str, str]:
    folder = folder_of(tmp_path / "pictures", 20)
    message = tmp_path / "message"
    return environment(qdrant_server, collection, folder, qdrant_create="false", index_batch_size=8, termination_message_path=message)


def made(name: str, *, fingerprint: str = "", dim: int = MODEL.card.dim) -> CreateCollection:
    wanted = CollectionSettings(
        hnsw_m=16, hnsw_ef_construct=100, quantile=None, always_ram=False, replication_factor=1, schema={"category": "keyword"}
    )
    return CreateCollection(name=name, dim=dim, shard_number=1, on_disk=False, settings=wanted, owner=OWNER, fingerprint=fingerprint)


async def test_a_collection_without_a_fingerprint_is_claimed(
    settings: dict[str, str], controllers: QdrantCollections, collection: str, on_server: QdrantStore
):
    """Two shards at once say the model's, once; owner, schema and indexes are the controller's still."""
    await controllers.create(made(collection))
    shards = [settings | {"SHARD_INDEX": str(number), "SHARD_COUNT": "2"} for number in range(2)]
    endings = await asyncio.gather(*(asyncio.to_thread(run, each) for each in shards))
    assert [status for status, _, _ in endings] == [0, 0], endings
    there = await controllers.collection(collection)
    assert there is not None
    assert (there.fingerprint, there.owner, there.settings.schema, there.points) == (MODEL.fingerprint, OWNER, {"category": "keyword"}, 20)
    status, job = await here(settings)
    assert (status, job.ledger.counts) == (0, {Outcome.UNCHANGED: 20})
    await on_server.drop()


@pytest.mark.parametrize("wrong", [{"fingerprint": "0123456789abcdef"}, {"dim": 8}])
async def test_another_models_collection(
    wrong: dict, settings: dict[str, str], controllers: QdrantCollections, collection: str, on_server: QdrantStore
):
    """3, in the controller's own word for it, and nothing is written."""
    await controllers.create(made(collection, **wrong))
    status, summary, _ = await asyncio.to_thread(run, settings)
    assert (status, summary["reason"]) == (3, "FingerprintMismatch")
    assert problem(settings, status)[0] == "FingerprintMismatch"
    assert await on_server.count() == 0
    await on_server.drop()


async def test_a_collection_that_was_dropped_is_not_made_anew(settings: dict[str, str], on_server: QdrantStore):
    """Its SearchIndex is being deleted, and nobody would ever remove it again. It may also come soon: 4."""
    status, summary, _ = await asyncio.to_thread(run, settings)
    assert (status, summary["reason"]) == (4, "StoreUnavailable")
    assert "QDRANT_CREATE" in summary["message"]
    assert problem(settings, status)[0] == "StoreUnreachable"
    assert await on_server.state() is None


def problem(settings: dict[str, str], status: int) -> tuple[str, str]:
    """What the controller makes of the termination message."""
    message = Path(settings["TERMINATION_MESSAGE_PATH"]).read_text()
    terminated = {"exitCode": status, "reason": "Error", "message": message}
    found = pod_problem({"metadata": {}, "status": {"phase": "Failed", "containerStatuses": [{"state": {"terminated": terminated}}]}})
    assert found is not None
    assert found[1] == json.loads(message)["message"]
    return found
