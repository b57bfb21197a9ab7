"""`POST /search/batch`, grouping and facets, over HTTP."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from searchindex.stores.edge import EdgeStore
from service.settings import Settings
from tests.fakes import FakeTextEncoder
from tests.pictures import folder_of
from tests.service.conftest import COUNT, Running, fill, parts_of, started

ALIKE = 12  # copies of one picture


async def batch(service: Running, *searches: dict):
    return await service.client.post("/search/batch", json={"searches": list(searches)})


async def one(service: Running, **members) -> dict:
    return (await service.client.post("/search", json=members)).json()


# ---- batch


async def test_each_search_of_a_batch_is_answered_as_if_alone(service: Running):
    """Every one with its own page, filter and terms, in order; encoded together."""
    searches = [
        {"query": "red", "top_k": 3},
        {"query": "blue", "offset": 2, "filters": {"category": "cats"}},
        {"terms": [{"text": "red"}, {"text": "green", "weight": -0.5}], "top_k": 2},
        {"query": "red", "score_threshold": 0.3, "group_duplicates": True},
    ]
    body = (await batch(service, *searches)).json()
    assert service.encoder.batches == [["red", "blue", "green"]]
    assert list(body) == ["answers", "latency_ms"]
    for search, answer in zip(searches, body["answers"], strict=True):
        alone = await one(service, **search)
        assert {**alone, "latency_ms": 0, "cached": False} == {**answer, "latency_ms": 0}
        assert alone["cached"] is True


async def test_only_what_the_cache_lacks_is_searched(service: Running):
    """Each answer says of itself whether it was kept."""
    await one(service, query="blue")
    body = (await batch(service, {"query": "red"}, {"query": "blue"}, {"query": "green"})).json()
    assert [answer["cached"] for answer in body["answers"]] == [False, True, False]
    assert [answer["query"] for answer in body["answers"]] == ["red", "blue", "green"]
    assert service.encoder.batches == [["blue"], ["red", "green"]]
    assert [answer["cached"] for answer in (await batch(service, {"query": "green"}, {"query": "red"})).json()["answers"]] == [True, True]


async def test_a_full_batch_fits_a_short_queue(service: Running):
    """Thirty-two searches are encoded eight at a time: the queue of eight is not overrun, and others have their turn."""
    answers = (await batch(service, *({"query": f"word {n}"} for n in range(32)))).json()["answers"]
    assert [answer["query"] for answer in answers] == [f"word {n}" for n in range(32)]
    assert [len(each) for each in service.encoder.batches] == [8, 8, 8, 8]


@pytest.mark.parametrize(
    ("bad", "status", "said"),
    [
        ({"query": "x", "top_k": 0}, 422, "searches.1.top_k"),
        ({"query": "x", "terms": [{"text": "x"}]}, 422, "searches.1: a search has either"),
        ({"terms": [{"text": "x"}, {"text": "x", "weight": 2}]}, 422, "searches.1.terms.1.weight"),
        ({"query": "   "}, 422, "searches.1: The query is empty"),
        ({"query": "x", "filters": {"secret": 1}}, 422, "searches.1: "),
        ({"terms": [{"text": "x", "weight": -1}]}, 422, "searches.1: "),
        ({"terms": [{"key": "1"}]}, 404, "searches.1: There is no picture"),
    ],
)
async def test_one_bad_search_spoils_the_batch_before_any_work(service: Running, bad: dict, status: int, said: str):
    """The problem names it, and nothing is encoded."""
    answer = await batch(service, {"query": "red"}, bad, {"query": "blue"})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["detail"].startswith(said)
    assert service.encoder.batches == []


@pytest.mark.parametrize("searches", [[], [{"query": "x"}] * 33, {"query": "x"}, None])
async def test_a_batch_has_one_to_thirty_two_searches(service: Running, searches):
    """Anything else is refused."""
    assert (await service.client.post("/search/batch", json={"searches": searches})).status_code == 422


async def test_terms_that_cancel_out_name_their_search(service: Running):
    """It shows only once they are encoded, and still no search is answered."""
    answer = await batch(service, {"query": "red"}, {"terms": [{"text": "x"}, {"text": "x", "weight": -1}]})
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("searches.1: The terms cancel")


# ---- grouping


@pytest.fixture
async def doubled(tmp_path: Path) -> AsyncIterator[Running]:
    """A service with forty pictures, one of which is there twelve times more."""
    root, store, encoder = folder_of(tmp_path / "pictures", COUNT), EdgeStore(tmp_path / "store"), FakeTextEncoder()
    for n in range(ALIKE):
        shutil.copy(root / "dogs/0004.png", root / f"cats/copy {n}.png")
    await fill(store, root)
    async with started(Settings(image_dir=root), parts_of(store, encoder)) as (client, app):
        yield Running(client, encoder, root, app)


async def test_copies_are_folded_under_one(doubled: Running):
    """A page shows each picture once, with its copies under it, and is full."""
    body = await one(doubled, query="red", top_k=COUNT, group_duplicates=True)
    assert body["total"] == COUNT
    folded = [result for result in body["results"] if result["duplicates"]]
    assert [len(result["duplicates"]) for result in folded] == [ALIKE]
    assert {"id", "key", "score", "metadata"} == set(folded[0]["duplicates"][0])
    contents = [result["metadata"]["content_hash"] for result in body["results"]]
    assert len(contents) == len(set(contents))


@pytest.mark.parametrize("top_k", [1, 3, 9])
async def test_pages_of_groups_show_each_picture_once(doubled: Running, top_k: int):
    """`offset` counts groups: turning the pages shows every picture once, in the order of the whole."""
    whole = [result["key"] for result in (await one(doubled, query="red", top_k=100, group_duplicates=True))["results"]]
    turned: list[str] = []
    for offset in range(0, COUNT, top_k):
        body = await one(doubled, query="red", top_k=top_k, offset=offset, group_duplicates=True)
        assert body["total"] == min(top_k, COUNT - offset)
        turned += [result["key"] for result in body["results"]]
    assert turned == whole


async def test_copies_show_their_parts_too(doubled: Running):
    """Grouping and terms go together."""
    body = await one(doubled, terms=[{"text": "red"}, {"text": "blue"}], top_k=COUNT, group_duplicates=1.0)
    (folded,) = [result for result in body["results"] if result["duplicates"]]
    assert folded["duplicates"][0]["parts"] == folded["parts"]


async def test_grouped_and_plain_answers_are_kept_apart(doubled: Running):
    """Also those of another threshold; true is the default's."""
    asked = [{}, {"group_duplicates": True}, {"group_duplicates": 0.9}, {"group_duplicates": 1}]
    assert [(await one(doubled, query="red", **each))["cached"] for each in asked] == [False] * 4
    again = [{"group_duplicates": False}, {"group_duplicates": 0.94}, {"group_duplicates": 0.9}, {"group_duplicates": 1.0}]
    assert [(await one(doubled, query="red", **each))["cached"] for each in again] == [True] * 4


@pytest.mark.parametrize("value", [0.79, 1.01, "yes", 0, None])
async def test_a_threshold_outside_its_range_is_refused(service: Running, value):
    """Far-off pictures are no duplicates of one another."""
    assert (await service.client.post("/search", json={"query": "x", "group_duplicates": value})).status_code == 422


# ---- facets


async def test_facets_of_what_filters_leave(service: Running):
    """The counts of a search's filters, so that a page can show what each further filter would leave."""
    answer = await service.client.post("/facets", json={"field": "category", "filters": {"category": ["cats"]}})
    assert answer.json() == {"field": "category", "counts": {"cats": COUNT // 2}}
    answer = await service.client.post("/facets", json={"field": "file_name", "limit": 3, "filters": {"category": "dogs"}})
    assert answer.json()["counts"] == {"0000.png": 1, "0002.png": 1, "0004.png": 1}
    assert (await service.client.post("/facets", json={})).json() == (await service.client.get("/facets")).json()


@pytest.mark.parametrize("body", [{"field": "width"}, {"filters": {"secret": 1}}, {"limit": 0}, {"limit": 1001}, {"fields": ["category"]}])
async def test_facets_that_cannot_be_counted_are_refused(service: Running, body: dict):
    """A field that is no keyword, a filter that is none, a limit out of range."""
    answer = await service.client.post("/facets", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


async def test_batches_and_single_searches_do_not_mix(service: Running):
    """Concurrent requests of both kinds are answered each with its own."""
    singles = [one(service, query=f"single {n}") for n in range(4)]
    batches = [batch(service, {"query": f"a {n}"}, {"query": f"b {n}"}) for n in range(2)]
    answers = await asyncio.gather(*singles, *batches)
    assert [each["query"] for each in answers[:4]] == [f"single {n}" for n in range(4)]
    assert [[each["query"] for each in many.json()["answers"]] for many in answers[4:]] == [["a 0", "b 0"], ["a 1", "b 1"]]
