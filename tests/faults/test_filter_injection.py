"""F-12: filters and members that try to see more than they say: another language's words, other types, other fields, other depths."""

import json
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from searchindex.collection import CollectionConfig, FieldType
from searchindex.points import PointId
from searchindex.ports import Point, VectorStore
from service.settings import Settings
from tests.fakes import DIM, FakeTextEncoder, unit
from tests.faults.filter_oracle import Refused, meaning
from tests.faults.record import record, scaled
from tests.searchindex.stores.conftest import collection, empty, open_store, qdrant_server
from tests.searchindex.stores.samples import SCHEMA
from tests.service.conftest import parts_of, started

__all__ = ["collection", "empty", "open_store", "qdrant_server"]  # fixtures

MINE, THEIRS = "mine", "theirs"
FOREIGN = (  # of Qdrant, Elasticsearch, MongoDB and JavaScript, and near misses of our own
    *(
        "must",
        "should",
        "must_not",
        "min_should",
        "filter",
        "has_id",
        "has_vector",
        "nested",
        "is_empty",
        "is_null",
        "key",
        "match",
        "range",
    ),
    *("values_count", "id", "tenant", "params", "hnsw_ef", "exact", "limit", "$or", "$where", "__proto__", "constructor", "query", "bool"),
    *("AND", "and ", "Category", "category.keyword", "tags[]", "category\u0000", "", "*", "cat\u00adegory"),
)
OPERATORS = ("in", "not", "exists", "gt", "gte", "lt", "lte")
NOT_OPERATORS = ("eq", "any", "except", "match", "should", "like", "$ne", "$gt", "In", "text", "values_count")
ODD: tuple[Any, ...] = (
    *(None, {}, [], [[]], [{}], "", "*", "mine' OR '1'='1", "theirs\u0000", "x" * 2000, 2**63, -(2**63), 1e308, 2**70, True, 0.5),
    *(
        {"any": [THEIRS]},
        {"value": THEIRS},
        [MINE, {"match": THEIRS}],
        [MINE, None],
        [MINE] * 200,
        "2026-13-41",
        "now",
        {"not": {"not": 1}},
    ),
)
MEMBERS: tuple[dict[str, Any], ...] = (
    *({"exact": True}, {"hnsw_ef": 10**9}, {"params": {"exact": True}}, {"tenant": THEIRS}, {"filter": {}}, {"collection": "other"}),
    *({"with_vector": True}, {"limit": 10**9}, {"using": "other"}, {"lookup_from": {}}, {"shard_key": "x"}, {"filters": [{}]}),
    *({"top_k": 101}, {"top_k": 10**30}, {"offset": -1}, {"offset": 10**9}, {"filters": "category=theirs"}, {"score_threshold": -1}),
)


def payload_of(number: int) -> dict[str, Any]:
    payload = {
        "category": MINE if number % 2 else THEIRS,
        "tags": [f"t{number % 3}", f"t{number % 5}"],
        "width": 10 * number,
        "ratio": number / 4,
        "flag": number % 3 == 0,
        "taken_at": f"2026-01-{1 + number % 28:02}T00:00:00+00:00",
    }
    return {name: value for at, (name, value) in enumerate(payload.items()) if at == 0 or (number + at) % 7}  # some lack some


PAYLOADS = {number: payload_of(number) for number in range(60)}


def filter_of(chance: random.Random, level: int = 1) -> Any:
    """Mostly near to what is allowed, as what is far from it is soon refused."""
    if chance.random() < 0.04:
        return chance.choice(ODD)
    if level < 7 and chance.random() < 0.35:
        return {chance.choice(["and", "or"]): [filter_of(chance, level + 1) for _ in range(chance.randint(0, 3) or 1)]}
    if level < 7 and chance.random() < 0.2:
        return {"not": filter_of(chance, level + 1)}
    return {name: condition_of(chance, name) for name in (name_of(chance) for _ in range(chance.choice([1, 1, 2])))}


def name_of(chance: random.Random) -> str:
    return chance.choice(FOREIGN) if chance.random() < 0.04 else chance.choice(list(SCHEMA))


def condition_of(chance: random.Random, name: str) -> Any:
    """Mostly with words and values of the field's own type."""
    kind = SCHEMA.get(name, FieldType.KEYWORD)
    if kind in (FieldType.FLOAT, FieldType.DATETIME):
        words: tuple[str, ...] = ("gt", "gte", "lt", "lte", "exists")
    elif kind is FieldType.INTEGER:
        words = OPERATORS
    else:
        words = ("in", "not", "exists")
        if chance.random() < 0.5:
            return value_of(chance, kind)
    chosen = [chance.choice((*OPERATORS, *NOT_OPERATORS) if chance.random() < 0.05 else words) for _ in range(chance.choice([1, 1, 2]))]
    return {word: chance.random() < 0.5 if word == "exists" else value_of(chance, kind) for word in chosen}


def value_of(chance: random.Random, kind: FieldType) -> Any:
    if chance.random() < 0.04:
        return chance.choice(ODD)
    values: dict[FieldType, list[Any]] = {
        FieldType.KEYWORD: [MINE, THEIRS, "t1", "t2", "nothing"],
        FieldType.INTEGER: [10 * chance.randint(0, 60), chance.randint(-(2**40), 2**40)],
        FieldType.FLOAT: [chance.random() * 15, chance.randint(0, 15)],
        FieldType.BOOL: [True, False],
        FieldType.DATETIME: ["2026-01-15", "2026-01-15T12:00:00Z", "2026-01-20T00:00:00+02:00"],
    }
    one = chance.choice(values[kind])
    return [one, value_of(chance, kind)] if chance.random() < 0.1 else one


@pytest.fixture
async def client(empty: VectorStore) -> AsyncIterator[httpx2.AsyncClient]:
    """A service on each of the stores, with pictures of two owners."""
    await empty.create(CollectionConfig(name="hostile", dim=DIM, fingerprint="f", schema=SCHEMA))
    await empty.upsert([Point(PointId(number), unit(str(number)), payload) for number, payload in PAYLOADS.items()])
    parts = parts_of(empty, FakeTextEncoder())
    async with started(Settings(), replace(parts, store=empty)) as (client, _):
        yield client


async def found(client: httpx2.AsyncClient, filters: Any) -> set[int] | str:
    """The numbers of the pictures, or the word for the problem."""
    answer = await client.post("/search", content=json.dumps({"query": "x", "top_k": 100, "filters": filters}))
    if answer.status_code == 200:
        return {result["id"] for result in answer.json()["results"]}
    assert answer.status_code == 422, answer.text
    assert len(answer.content) < 1000
    return str(answer.json()["type"]).rpartition("#")[2]


def expected(filters: Any) -> set[int] | None:
    """None where the documentation refuses it."""
    try:
        holds = meaning(filters, SCHEMA)
    except Refused:
        return None
    return {number for number, payload in PAYLOADS.items() if holds(payload)}


async def test_no_filter_sees_more_than_it_says(client: httpx2.AsyncClient):
    """Each finds exactly the pictures that the documentation says, or is refused by name; beside an owner's condition, only theirs."""
    chance, cases, bad, answered = random.Random(12), scaled(250), [], 0
    for _ in range(cases):
        hostile = filter_of(chance)
        for filters in (hostile, {"and": [{"category": MINE}, hostile]}):
            wanted, got = expected(filters), await found(client, filters)
            answered += wanted is not None
            if got != wanted if wanted is not None else got not in ("invalid-filter", "invalid-input"):
                bad.append(f"{json.dumps(filters)[:150]} gave {got!s:.60}, not {wanted!s:.60}")
    assert cases / 4 < answered < 1.8 * cases  # neither kind is missing
    record("F-12", 2 * cases, bad)


async def test_members_of_the_engine_are_not_ours(client: httpx2.AsyncClient):
    """What the engine behind could be told is refused by name, wherever it stands."""
    bad = []
    for member in MEMBERS:
        for body in ({"query": "x", **member}, {"searches": [{"query": "x", **member}]}):
            answer = await client.post("/search/batch" if "searches" in body else "/search", content=json.dumps(body))
            if answer.status_code != 422 or next(iter(member)) not in answer.json()["detail"]:
                bad.append(f"{body}: {answer.status_code} {answer.text[:100]}")
    record("F-12", 2 * len(MEMBERS), bad)
