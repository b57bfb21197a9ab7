"""Where pictures were taken: stored where it is asked for, searched by Qdrant's means and by ours, and gone when it is no longer wanted."""

from pathlib import Path

import pytest
from qdrant_client import models

from jobs.ledger import Outcome
from searchindex.filters import parse_filter
from searchindex.points import point_id
from searchindex.stores.qdrant import QdrantStore
from tests.engines import QdrantServer
from tests.jobs.processes import environment, here
from tests.searchindex.images.pictures import CORNERS, encoded, gps

BERLIN = ((52, 1), (31, 1), (0, 1)), "N", ((13, 1), (24, 1), (0, 1)), "E"
RIO = ((22, 1), (54, 1), (0, 1)), "S", ((43, 1), (12, 1), (0, 1)), "W"
NOWHERE = ((0, 0), (0, 0), (0, 0)), "N", ((0, 0), (0, 0), (0, 0)), "E"
POTSDAM = models.GeoRadius(center=models.GeoPoint(lon=13.06, lat=52.4), radius=50_000)
WEST = {"location.lon": {"lt": 0}}
EUROPE = {"location.lat": {"gte": 35, "lte": 72}, "location.lon": {"gte": -11, "lte": 40}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "pictures"
    made.mkdir()
    for name, place in {"berlin": BERLIN, "rio": RIO, "nowhere": NOWHERE}.items():
        (made / f"{name}.jpg").write_bytes(encoded(CORNERS, "JPEG", exif=gps(*place)))
    return made


async def locations(store: QdrantStore) -> dict[str, object]:
    return {record.payload["file_path"]: record.payload.get("location") async for record in store.scroll()}


async def test_a_place_is_stored_only_where_it_is_asked_for(
    folder: Path, qdrant_server: QdrantServer, on_server: QdrantStore, collection: str
):
    """A position is personal: by default it goes nowhere, and nobody can even ask for it."""
    assert (await here(environment(qdrant_server, collection, folder)))[0] == 0
    assert await locations(on_server) == dict.fromkeys(["berlin.jpg", "rio.jpg", "nowhere.jpg"])
    state = await on_server.state()
    assert state is not None
    assert not [name for name in state.schema if "location" in name]


async def test_it_is_searched_by_qdrant_and_by_our_filters(
    folder: Path, qdrant_server: QdrantServer, on_server: QdrantStore, collection: str
):
    """Its form is that of Qdrant's geo index, and its two numbers are fields like any other; half a place costs no picture."""
    status, job = await here(environment(qdrant_server, collection, folder, index_exif_place=True))
    assert (status, job.ledger.counts) == (0, {Outcome.INDEXED: 3})
    assert await locations(on_server) == {
        "berlin.jpg": {"lon": 13.4, "lat": pytest.approx(52.5166667)},
        "rio.jpg": {"lon": -43.2, "lat": -22.9},
        "nowhere.jpg": None,
    }
    await on_server._client.create_payload_index(collection, "location", models.PayloadSchemaType.GEO, wait=True)
    near = models.Filter(must=[models.FieldCondition(key="location", geo_radius=POTSDAM)])
    found, _ = await on_server._client.scroll(collection, near)
    assert [each.id for each in found] == [point_id("berlin.jpg")]
    state = await on_server.state()
    assert state is not None
    assert [await on_server.count(parse_filter(asked, state.schema)) for asked in (WEST, EUROPE)] == [1, 1]


async def test_a_place_that_is_no_longer_wanted_goes(folder: Path, qdrant_server: QdrantServer, on_server: QdrantStore, collection: str):
    """At the next run, without encoding anything anew; the run after it finds nothing to do."""
    settings = environment(qdrant_server, collection, folder)
    assert (await here(settings | {"INDEX_EXIF_PLACE": "true"}))[0] == 0
    before = {record.id: record.payload async for record in on_server.scroll()}
    status, job = await here(settings)
    assert (status, job.ledger.encoded, job.ledger.counts) == (0, 0, {Outcome.INDEXED: 2, Outcome.UNCHANGED: 1})
    after = {record.id: record.payload async for record in on_server.scroll()}
    for payload in (*before.values(), *after.values()):
        payload.pop("indexed_at")
    assert after == {each: {name: value for name, value in payload.items() if name != "location"} for each, payload in before.items()}
    assert (await here(settings))[1].ledger.counts == {Outcome.UNCHANGED: 3}
