"""Health, statistics, probes, and what stands in the way of being ready."""

import asyncio
import threading
from pathlib import Path

import pytest

from searchindex.errors import ModelUnavailable
from searchindex.stores.edge import EdgeStore
from service.engine import EngineParts
from service.settings import Settings
from tests.engines import RedisServer, redis_server
from tests.fakes import FakeTextEncoder
from tests.faultproxy import FaultProxy, Faults, Mode
from tests.pictures import folder_of
from tests.service.conftest import COUNT, Running, fill, parts_of, started

__all__ = ["redis_server"]  # a fixture


async def test_a_healthy_service(service: Running):
    """All members of the seed's health are there."""
    assert (await service.client.get("/health")).json() == {
        "status": "healthy",
        "clip_loaded": True,
        "qdrant_connected": True,
        "redis_connected": False,
        "device": "cpu",
        "reason": None,
    }
    assert (await service.client.get("/livez")).status_code == (await service.client.get("/readyz")).status_code == 200


async def test_statistics(service: Running):
    """Latencies of each kind, the cache's counts, and the collection."""
    for _ in range(3):
        await service.client.post("/search", json={"query": "x"})
    stats = (await service.client.get("/stats")).json()
    assert (stats["embedding_latency_ms"]["count"], stats["total_latency_ms"]["count"]) == (1, 3)
    assert (stats["total_latency_ms"]["p95"], stats["cache"]) == (None, {"kind": "memory", "hits": 2, "misses": 1})
    assert stats["collection"]["vectors_count"] == COUNT
    assert stats["uptime_seconds"] >= 0


async def test_another_models_collection_is_never_searched(tmp_path: Path):
    """Equal dimensions are no excuse: a fingerprint that differs is not ready, says why, and answers no search."""
    store = EdgeStore(tmp_path / "store")
    await fill(store, folder_of(tmp_path / "pictures", 2), fingerprint="old")
    async with started(Settings(), parts_of(store, FakeTextEncoder(), fingerprint="new")) as (client, _):
        ready = await client.get("/readyz")
        assert (ready.status_code, "another model" in ready.text) == (503, True)
        answer = await client.post("/search", json={"query": "x"})
        assert (answer.status_code, answer.json()["type"]) == (503, "/docs/problems#collection-mismatch")
        assert answer.headers["retry-after"]
        assert (await client.get("/livez")).status_code == 200
        assert (await client.get("/health")).json()["status"] == "degraded"


async def test_no_collection_yet(tmp_path: Path):
    """A service that starts before the first run says so and waits."""
    async with started(Settings(), parts_of(EdgeStore(tmp_path / "store"), FakeTextEncoder())) as (client, _):
        answer = await client.post("/search", json={"query": "x"})
        assert answer.status_code == 503
        assert "Index" in answer.json()["hint"]


async def test_a_model_that_cannot_be_loaded(tmp_path: Path):
    """A bad model is never served; the reason is in the probe's answer."""

    def refuse():
        raise ModelUnavailable("The weights are truncated.")

    whole = parts_of(EdgeStore(tmp_path / "store"), FakeTextEncoder())
    parts = EngineParts(
        card=whole.card, fingerprint=whole.fingerprint, store=whole.store, open_text=refuse, open_image=whole.open_image, queue=1
    )
    async with started(Settings(), parts) as (client, _):
        assert "truncated" in (await client.get("/readyz")).text


@pytest.mark.parametrize("path", ["/", "/web/app.js", "/openapi.json"])
async def test_the_page_is_served_with_its_headers(service: Running, path: str):
    """The page works without the internet and runs no script but its own."""
    answer = await service.client.get(path)
    assert answer.status_code == 200
    assert "default-src 'self'" in answer.headers["content-security-policy"]


async def test_an_unforeseen_error_shows_nothing_of_itself(service: Running):
    """The text of an exception may hold what the caller must not see."""

    async def fail(_queries):
        raise RuntimeError("secret detail")

    service.app.state.store.search = fail
    answer = await service.client.post("/search", json={"query": "boom"})
    assert (answer.status_code, "secret" in answer.text) == (500, False)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_who_may_search_learns_what_there_is(service: Running):
    """The page shows how many pictures there are with a key that opens no statistics; a client learns what it can filter by."""
    answer = (await service.client.get("/collection")).json()
    assert (answer["name"], answer["points"], answer["fields"]["category"]) == ("test", COUNT, "keyword")
    assert answer["model"]


@pytest.mark.fault("F-44", measured="a hung model is told by /livez")
async def test_a_model_that_hangs_is_not_alive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Only a new process can end that, so the liveness probe says so; a slow query is no such thing."""
    gate, entered = threading.Event(), threading.Event()

    class Hanging(FakeTextEncoder):
        def encode_texts(self, texts):
            entered.set()
            gate.wait(30)
            return super().encode_texts(texts)

    store = EdgeStore(tmp_path / "store")
    await fill(store, folder_of(tmp_path / "pictures", 2))
    async with started(Settings(), parts_of(store, Hanging())) as (client, _):
        asked = asyncio.create_task(client.post("/search", json={"query": "x"}))
        await asyncio.to_thread(entered.wait, 30)
        assert (await client.get("/livez")).status_code == 200
        monkeypatch.setattr("service.engine.STUCK_SECONDS", 0.0)
        answer = await client.get("/livez")
        assert (answer.status_code, "hung" in answer.text) == (503, True)
        gate.set()
        assert (await asked).status_code == 200
        assert (await client.get("/livez")).status_code == 200


async def test_health_asks_redis_itself(tmp_path: Path, redis_server: RedisServer):
    """Before the first search as well; a Redis that is away is said, and is no reason not to be ready."""
    store = EdgeStore(tmp_path / "store")
    await fill(store, folder_of(tmp_path / "pictures", 2))
    async with FaultProxy(redis_server.port) as proxy:
        settings = Settings(redis_host="127.0.0.1", redis_port=proxy.port)
        async with started(settings, parts_of(store, FakeTextEncoder())) as (client, _):
            health = (await client.get("/health")).json()
            assert (health["status"], health["redis_connected"], health["reason"]) == ("healthy", True, None)
            await proxy.set(Faults(mode=Mode.REFUSE))
            health = (await client.get("/health")).json()
            assert (health["status"], health["redis_connected"], "Redis" in health["reason"]) == ("degraded", False, True)
            assert (await client.get("/readyz")).status_code == 200


async def test_a_store_with_another_models_collection_is_connected(tmp_path: Path):
    """What is wrong is said as it is: the store answers, the collection does not fit."""
    store = EdgeStore(tmp_path / "store")
    await fill(store, folder_of(tmp_path / "pictures", 2), fingerprint="old")
    async with started(Settings(), parts_of(store, FakeTextEncoder(), fingerprint="new")) as (client, _):
        health = (await client.get("/health")).json()
        assert (health["status"], health["qdrant_connected"], "another model" in health["reason"]) == ("degraded", True, True)
