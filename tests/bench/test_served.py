"""What the overhead benchmark serves is the product: only its text tower is a stand-in."""

import asyncio
from pathlib import Path

import httpx2

from bench.served import searchindex
from cli.workspace import sample_model
from searchindex.collection import CollectionConfig
from searchindex.points import PointId
from searchindex.ports import Point
from searchindex.stores.edge import EdgeStore
from tests.fakes import unit
from tests.pictures import picture


async def test_every_search_is_answered(tmp_path: Path):
    """By words and by a picture: whatever a caller asks of it, it is no half of a service."""
    model = sample_model()
    store = EdgeStore(tmp_path)
    await store.create(CollectionConfig(name="served", dim=model.card.dim, fingerprint=model.fingerprint))
    await store.upsert([Point(PointId(7), unit("a", model.card.dim), {"file_path": "a.png", "file_name": "a.png"})])
    await store.close()
    app = await asyncio.to_thread(searchindex, tmp_path)
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with app.router.lifespan_context(app), httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        while (await client.get("/readyz")).status_code != 200:  # noqa: ASYNC110  # there is no event to wait for
            await asyncio.sleep(0.05)
        by_words = await client.post("/search", json={"query": "red heart"})
        by_picture = await client.post("/search/image", files={"file": ("a.png", picture((255, 0, 0)), "image/png")})
    assert [each.status_code for each in (by_words, by_picture)] == [200, 200], by_picture.text
