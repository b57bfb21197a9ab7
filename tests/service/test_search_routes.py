"""`POST /search` and its variants, over HTTP."""

import asyncio

import pytest

from tests.pictures import colour_of, picture
from tests.service.conftest import COUNT, Running


async def search(service: Running, **members):
    return await service.client.post("/search", json={"query": "red heart", **members})


async def test_the_seeds_answer(service: Running):
    """Every member of the seed's contract is there, of its type."""
    answer = await search(service)
    assert answer.status_code == 200
    body = answer.json()
    assert list(body) == ["query", "results", "total", "latency_ms", "cached", "explanation", "explanation_url"]
    assert (body["query"], body["total"], body["cached"], body["explanation"]) == ("red heart", 10, False, None)
    first = body["results"][0]
    assert {"file_path", "file_name", "width", "height", "category"} <= set(first["metadata"])
    assert first["key"] == str(first["id"])
    assert all(result["score"] <= 1 for result in body["results"])
    scores = [result["score"] for result in body["results"]]
    assert scores == sorted(scores, reverse=True)


async def test_the_second_time_comes_from_the_cache(service: Running):
    """The same question gets the same results, marked as cached, without encoding."""
    first, second = (await search(service)), (await search(service))
    assert (first.headers["x-cache"], second.headers["x-cache"]) == ("miss", "hit")
    assert second.json()["cached"] is True
    assert second.json()["results"] == first.json()["results"]
    assert len(service.encoder.batches) == 1


async def test_stages_are_shown_to_the_caller(service: Running):
    """`Server-Timing` has every stage of the hot path."""
    stages = [part.split(";")[0] for part in (await search(service)).headers["server-timing"].split(", ")]
    assert stages == ["validate", "cache", "encode", "search", "assemble", "total"]


async def test_pages_are_stable_and_whole(service: Running):
    """Turning pages shows every picture exactly once."""
    keys = []
    for offset in range(0, COUNT, 7):
        keys += [result["key"] for result in (await search(service, top_k=7, offset=offset)).json()["results"]]
    assert len(keys) == len(set(keys)) == COUNT


async def test_filters_and_threshold(service: Running):
    """A filter leaves only what it says; a threshold leaves only what is near."""
    filtered = (await search(service, top_k=100, filters={"category": "cats"})).json()
    assert {result["metadata"]["category"] for result in filtered["results"]} == {"cats"}
    assert filtered["total"] == COUNT // 2
    near = (await search(service, top_k=100, score_threshold=0.3)).json()
    assert 0 < near["total"] < COUNT
    assert all(result["score"] >= 0.3 for result in near["results"])


@pytest.mark.parametrize(
    "body",
    [
        {}, {"query": ""}, {"query": "   "}, {"query": "x" * 513}, {"query": 3}, {"query": None}, {"query": "x", "top_k": 0},
        {"query": "x", "top_k": 101}, {"query": "x", "top_k": "3"}, {"query": "x", "top_k": 1.5}, {"query": "x", "top_k": True},
        {"query": "x", "score_threshold": -0.1}, {"query": "x", "score_threshold": 2}, {"query": "x", "offset": -1},
        {"query": "x", "filters": []}, {"query": "x", "filters": {"secret": 1}}, {"query": "x", "topk": 3},
        {"query": "x", "include_explanation": "yes"},
    ],
)  # fmt: skip
async def test_bad_input_is_refused_before_any_work(service: Running, body):
    """422, in the one shape, naming the member; nothing is encoded."""
    answer = await service.client.post("/search", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "detail"} <= set(answer.json())
    assert service.encoder.batches == []


@pytest.mark.parametrize(("body", "status"), [(b"{", 422), (b'{"query": NaN}', 422), (b"x" * 100_000, 413), (b'{"query": "\\ud800"}', 422)])
async def test_bodies_that_are_not_json(service: Running, body: bytes, status: int):
    """No body makes an answer of the 500s, and none is echoed."""
    answer = await service.client.post("/search", content=body)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert len(answer.content) < 1000


async def test_a_long_query_is_not_echoed_in_the_error(service: Running):
    """An error is short, whatever was sent."""
    answer = await service.client.post("/search", json={"query": "y" * 50_000})
    assert answer.status_code == 422
    assert "yyyy" not in answer.text


async def test_more_like_this(service: Running):
    """A picture's own neighbours, without itself."""
    key = (await search(service, top_k=1)).json()["results"][0]["key"]
    answer = (await service.client.post("/search/similar", json={"key": key, "top_k": 10})).json()
    assert answer["total"] == 10
    assert key not in [result["key"] for result in answer["results"]]


async def test_pages_of_more_like_this_are_whole(service: Running):
    """The picture itself makes no hole in any page."""
    key = (await search(service, top_k=1)).json()["results"][0]["key"]
    keys = []
    for offset in range(0, COUNT, 10):
        answer = await service.client.post("/search/similar", json={"key": key, "top_k": 10, "offset": offset})
        keys += [result["key"] for result in answer.json()["results"]]
    assert len(keys) == len(set(keys)) == COUNT - 1


@pytest.mark.parametrize(("key", "status"), [("1", 404), ("x", 422), (3, 422), ("9" * 19, 422), ("-1", 422)])
async def test_a_key_that_is_none(service: Running, key, status: int):
    """Unknown is 404, impossible is 422."""
    assert (await service.client.post("/search/similar", json={"key": key})).status_code == status


async def test_search_by_picture(service: Running):
    """A picture that is in the index is its own nearest."""
    files = {"file": ("any.png", picture(colour_of(7)), "image/png")}
    answer = await service.client.post("/search/image", files=files, data={"top_k": "3", "filters": '{"category": "cats"}'})
    assert answer.status_code == 200
    assert answer.json()["results"][0]["metadata"]["file_name"] == "0007.png"
    assert answer.json()["results"][0]["score"] == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    ("request_of", "status"),
    [
        ({"files": {"file": ("x.png", b"no picture")}}, 422),
        ({"files": {"other": ("x.png", b"x")}}, 422),
        ({"files": {"file": ("x.png", picture((1, 2, 3)))}, "data": {"top_k": "many"}}, 422),
        ({"files": {"file": ("x.png", picture((1, 2, 3)))}, "data": {"unknown": "1"}}, 422),
        ({"content": b"x", "headers": {"content-type": "multipart/form-data"}}, 422),
        ({"content": b"--b", "headers": {"content-type": "multipart/form-data; boundary=b"}}, 422),
        ({"json": {"query": "x"}}, 415),
    ],
)
async def test_bad_pictures_are_refused(service: Running, request_of, status: int):
    """Whatever stands in the form, the answer is a problem document."""
    answer = await service.client.post("/search/image", **request_of)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


async def test_facets(service: Running):
    """Counts of a keyword field; other fields have none, and the answer says which have."""
    answer = await service.client.get("/facets")
    assert answer.json() == {"field": "category", "counts": {"cats": COUNT // 2, "dogs": COUNT // 2}}
    refused = await service.client.get("/facets", params={"field": "width"})
    assert refused.status_code == 422
    assert "category" in refused.json()["hint"]


async def test_many_at_once_are_answered_each_with_its_own(service: Running):
    """Concurrency mixes nothing up."""
    answers = await asyncio.gather(*(search(service, query=f"query {n % 7}") for n in range(8)))
    assert [answer.json()["query"] for answer in answers] == [f"query {n % 7}" for n in range(8)]


async def test_unknown_routes_and_methods_have_the_one_shape(service: Running):
    """404 and 405 are problem documents too."""
    for answer in (await service.client.get("/nothing"), await service.client.get("/search")):
        assert answer.headers["content-type"] == "application/problem+json"
