"""Queries of several terms, over HTTP: what is found, what each term adds, and what is refused."""

import json

import numpy as np
import pytest

from tests.fakes import unit
from tests.pictures import colour_of, picture
from tests.service.conftest import COUNT, Running


async def search(service: Running, *terms: dict, **members):
    return await service.client.post("/search", json={"terms": list(terms), **members})


async def results(service: Running, *terms: dict, **members) -> list[dict]:
    answer = await search(service, *terms, **members)
    assert answer.status_code == 200, answer.text
    return answer.json()["results"]


async def keys_of(service: Running, query: str, count: int) -> list[str]:
    answer = await service.client.post("/search", json={"query": query, "top_k": count})
    return [result["key"] for result in answer.json()["results"]]


async def test_the_answer_shows_its_terms_and_parts(service: Running):
    """The terms are repeated once, and each result says what each of them adds."""
    terms = [{"text": "red", "weight": 1.0}, {"text": "blue", "weight": -0.5}]
    body = (await search(service, *terms, top_k=3)).json()
    assert list(body)[:4] == ["query", "terms", "results", "total"]
    assert (body["query"], body["terms"], body["total"]) == (None, terms, 3)
    length = np.linalg.norm(unit("red") - 0.5 * unit("blue"))
    for result in body["results"]:
        parts = result["parts"]
        assert [(part["term"], part["weight"]) for part in parts] == [(0, 1.0), (1, -0.5)]
        assert sum(part["weight"] * part["score"] for part in parts) / length == pytest.approx(result["score"], abs=1e-3)


async def test_a_query_has_neither_terms_nor_parts(service: Running):
    """The answer to words alone is what it always was."""
    body = (await service.client.post("/search", json={"query": "red"})).json()
    assert list(body)[:3] == ["query", "results", "total"]
    assert set(body["results"][0]) == {"id", "key", "score", "metadata"}


async def test_one_term_finds_what_the_query_finds(service: Running):
    """In the same order, whatever its weight."""
    wanted = await keys_of(service, "red", COUNT)
    for weight in (1, 0.2):
        assert [each["key"] for each in await results(service, {"text": "red", "weight": weight}, top_k=COUNT)] == wanted


async def test_a_negative_term_pushes_away(service: Running):
    """The picture that "blue" finds first comes later once blue is unwanted."""
    (blue,) = await keys_of(service, "blue", 1)

    async def place(*terms: dict) -> int:
        return [each["key"] for each in await results(service, *terms, top_k=COUNT)].index(blue)

    assert await place({"text": "red"}, {"text": "blue", "weight": -1}) > await place({"text": "red"}) > await place({"text": "blue"})


async def test_a_stored_term_draws_near_and_is_left_out(service: Running):
    """A picture of the index as a term finds others; its own part would say nothing."""
    key, other = await keys_of(service, "red", 2)
    found = await results(service, {"key": key}, {"text": "red", "weight": 0.5}, {"key": other, "weight": -0.1}, top_k=COUNT)
    assert len(found) == COUNT - 2
    assert not {key, other} & {each["key"] for each in found}


async def test_the_texts_of_a_request_are_encoded_together(service: Running):
    """One batch for all of them."""
    await search(service, *({"text": f"word {n}"} for n in range(8)))
    assert service.encoder.batches == [[f"word {n}" for n in range(8)]]


async def test_composed_answers_are_cached_apart(service: Running):
    """The same terms come from the cache; another weight, another order or a plain query do not."""
    terms = [{"text": "red"}, {"text": "blue", "weight": 0.5}]
    first = (await search(service, *terms)).json()
    again = await search(service, *terms)
    assert (again.json()["cached"], again.json()["results"]) == (True, first["results"])
    for others in ([terms[0], {"text": "blue", "weight": 0.4}], terms[::-1], [terms[0]]):
        assert (await search(service, *others)).json()["cached"] is False
    assert (await service.client.post("/search", json={"query": "red"})).json()["cached"] is False


async def test_the_answer_repeats_what_was_asked_also_from_the_cache(service: Running):
    """White space costs no hit, and is repeated as it was written."""
    await search(service, {"text": "red heart"})
    body = (await search(service, {"text": "red  heart"})).json()
    assert (body["cached"], body["terms"]) == (True, [{"text": "red  heart", "weight": 1.0}])


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"query": "x", "terms": [{"text": "x"}]}, "either a query or terms"),
        ({}, "either a query or terms"),
        ({"terms": []}, "at least 1 item"),
        ({"terms": [{"text": "x"}] * 9}, "at most 8 items"),
        ({"terms": [{"text": "x"}, {"weight": 1}]}, "terms.1: a term has either a text or a key"),
        ({"terms": [{"text": "x", "key": "1"}]}, "terms.0: a term has either a text or a key"),
        ({"terms": [{"text": "x", "weight": 0}]}, "a weight of 0 says nothing"),
        ({"terms": [{"text": "x", "weight": 1.1}]}, "less than or equal to 1"),
        ({"terms": [{"text": "x", "weight": "1"}]}, "terms.0.weight"),
        ({"terms": [{"text": "x", "wieght": 1}]}, "wieght"),
        ({"terms": [{"text": " "}]}, "The query is empty"),
        ({"terms": [{"key": "x"}]}, "terms.0.key"),
        ({"terms": [{"text": "x", "weight": -1}]}, "what to avoid"),
        ({"terms": [{"text": "x"}, {"text": "x", "weight": -1}]}, "cancel each other out"),
    ],
)
async def test_terms_that_make_no_query_are_refused(service: Running, body: dict, said: str):
    """422, in words that say which term and why."""
    answer = await service.client.post("/search", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert said in answer.json()["detail"]


async def test_an_unknown_key_is_not_found_before_anything_is_encoded(service: Running):
    """404, naming the key."""
    answer = await search(service, {"text": "red"}, {"key": "1"})
    assert answer.status_code == 404
    assert "key 1." in answer.json()["detail"]
    assert service.encoder.batches == []


# ---- a picture that is sent, with terms


async def send(service: Running, **fields: str):
    files = {"file": ("any.png", picture(colour_of(7)), "image/png")}
    return await service.client.post("/search/image", files=files, data=fields)


async def test_a_picture_is_a_term_among_others(service: Running):
    """It comes first, with its own weight, and the results show what it adds."""
    body = (await send(service, terms=json.dumps([{"text": "red", "weight": -0.1}]), weight="0.5", top_k="4")).json()
    assert body["terms"] == [{"image": True, "weight": 0.5}, {"text": "red", "weight": -0.1}]
    first = body["results"][0]
    assert first["metadata"]["file_name"] == "0007.png"
    assert first["parts"][0] == {"term": 0, "weight": 0.5, "score": pytest.approx(1, abs=1e-3)}


async def test_an_unwanted_picture(service: Running):
    """A picture with a negative weight goes down."""
    found = (await send(service, terms=json.dumps([{"text": "red"}]), weight="-1", top_k=str(COUNT))).json()["results"]
    place, mine = next((place, each) for place, each in enumerate(found) if each["metadata"]["file_name"] == "0007.png")
    assert mine["parts"][0]["score"] == pytest.approx(1, abs=1e-3)
    assert place > COUNT // 2
    assert mine["score"] < 0


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"weight": "0.5"}, "only beside terms"),
        ({"terms": "[]"}, "terms"),
        ({"terms": "red"}, "terms"),
        ({"terms": '[{"text": "x"}]', "weight": "nan"}, "weight"),
        ({"terms": '[{"text": "x"}]', "weight": "0"}, "weight"),
        ({"terms": '[{"text": "x", "weight": -1}]', "weight": "-1"}, "what to avoid"),
        ({"group_duplicates": "0.5"}, "group_duplicates"),
    ],
)
async def test_a_form_that_makes_no_query_is_refused(service: Running, fields: dict[str, str], said: str):
    """The fields are as strict as the members of a body."""
    answer = await send(service, **fields)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert said in answer.json()["detail"]
