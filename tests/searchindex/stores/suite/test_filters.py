"""The filter language means the same on both stores, and what a reader of the documentation expects."""

from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from searchindex.filters import parse_filter
from searchindex.points import Payload, PointId
from searchindex.ports import Point, VectorStore
from tests.searchindex.stores.samples import SCHEMA, at_angle, nearest
from tests.searchindex.stores.suite.oracle import matches

POINTS: dict[int, Payload] = {
    1: {"category": "cat", "tags": ["red", "blue"], "width": 640, "ratio": 0.5, "flag": True, "taken_at": "2026-01-01T00:00:00Z"},
    2: {"category": "dog", "tags": ["red"], "width": 1000, "ratio": 1.5, "flag": False, "taken_at": "2026-01-01T00:30:00+01:00"},
    3: {"category": "Cat", "tags": [], "width": 2000, "ratio": -1.0, "taken_at": "2026-02-01T12:00:00.250Z"},
    4: {"category": None, "width": 0},
    5: {},
}

CASES: list[tuple[dict[str, Any], list[int]]] = [
    ({"category": "cat"}, [1]),
    ({"category": ["cat", "dog"]}, [1, 2]),
    ({"tags": "red"}, [1, 2]),
    ({"tags": {"in": ["blue", "green"]}}, [1]),
    ({"tags": {"not": "red"}}, [3, 4, 5]),
    ({"flag": True}, [1]),
    ({"flag": False}, [2]),
    ({"flag": [True, False]}, [1, 2]),
    ({"width": 640}, [1]),
    ({"width": {"gte": 640, "lt": 2000}}, [1, 2]),
    ({"width": {"gt": 640, "lte": 2000}}, [2, 3]),
    ({"ratio": {"lt": 0.5}}, [3]),
    ({"taken_at": {"gte": "2026-01-01T00:00:00Z"}}, [1, 3]),
    ({"taken_at": {"lt": "2026-01-01T00:00:00Z"}}, [2]),
    ({"taken_at": {"gt": "2026-02-01T12:00:00.249", "lte": "2026-02-01T12:00:00.25+00:00"}}, [3]),
    ({"category": {"exists": True}}, [1, 2, 3]),
    ({"tags": {"exists": False}}, [3, 4, 5]),
    ({"category": "cat", "width": {"gt": 700}}, []),
    ({"or": [{"category": "dog"}, {"width": {"gte": 2000}}]}, [2, 3]),
    ({"and": [{"tags": "red"}, {"not": {"category": "dog"}}]}, [1]),
    ({"not": {"or": [{"category": "cat"}, {"tags": {"exists": False}}]}}, [2]),
]


async def found(store: VectorStore, raw: dict[str, Any]) -> list[int]:
    """Ids that match, after seeing that counting and both kinds of search agree on them."""
    tree = parse_filter(raw, SCHEMA)
    exact, near = await store.search([nearest(50, filter=tree, exact=True), nearest(50, filter=tree)])
    assert [hit.id for hit in exact] == [hit.id for hit in near]
    assert await store.count(tree) == len(exact)
    return sorted(hit.id for hit in exact)


async def fill(store: VectorStore, payloads: dict[int, Payload]) -> None:
    await store.upsert([Point(PointId(each), at_angle(0.1 * each), payload) for each, payload in payloads.items()])


async def test_every_operator_selects_what_the_documentation_says(store: VectorStore):
    """One case for each operator and type, with the answer written down."""
    await fill(store, POINTS)
    assert [(raw, await found(store, raw)) for raw, _ in CASES] == CASES


words = st.sampled_from(["", "a", "b", "A", "猫", "a b", '"'])
integers = st.integers(-3, 3) | st.sampled_from([2**53, -(2**40)])
numbers = st.sampled_from([-2.5, -1.0, 0.0, 0.5, 1.0, 2.0, 3.5])
moments = st.sampled_from(
    ["2026-01-01T00:00:00Z", "2026-01-01T01:00:00+02:00", "2025-12-31T23:59:59.999999Z", "2026-01-01T00:00:00", "1969-07-20T20:17:40-05:00"]
)
payloads = st.fixed_dictionaries(
    {},
    optional={
        "category": words | st.none(),
        "tags": st.lists(words, max_size=3),
        "width": integers | st.lists(integers, max_size=2),
        "ratio": numbers,
        "flag": st.booleans(),
        "taken_at": moments,
    },
)


def bounds(values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """One lower bound at most, and one upper."""
    pairs = [st.sampled_from([lower, upper]) for lower in ("gt", "gte") for upper in ("lt", "lte")]
    return st.one_of([st.dictionaries(pair, values, min_size=1) for pair in pairs])


def equality(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(values, min_size=1, max_size=3)
    return values | several | several.map(lambda each: {"in": each}) | values.map(lambda each: {"not": each})


conditions = st.one_of(
    st.fixed_dictionaries({"category": equality(words)}),
    st.fixed_dictionaries({"tags": equality(words)}),
    st.fixed_dictionaries({"width": equality(integers) | bounds(numbers)}),
    st.fixed_dictionaries({"ratio": bounds(numbers)}),
    st.fixed_dictionaries({"flag": equality(st.booleans())}),
    st.fixed_dictionaries({"taken_at": bounds(moments)}),
    st.dictionaries(st.sampled_from(sorted(SCHEMA)), st.fixed_dictionaries({"exists": st.booleans()}), min_size=1, max_size=2),
)
filters = st.recursive(
    conditions,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"and": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"or": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"not": inner}),
    ),
    max_leaves=4,
)


@pytest.mark.timeout(120)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(raw=filters, stored=st.lists(payloads, min_size=6, max_size=6))
@example(raw={"width": {"gt": 0.5, "lt": 1.5}}, stored=[{"width": [0, 2]}] * 6)
async def test_any_filter_selects_what_plain_python_selects(store: VectorStore, raw: dict[str, Any], stored: list[Payload]):
    """Whatever the tree and the payloads: both engines and the definition agree."""
    await fill(store, dict(enumerate(stored)))
    tree = parse_filter(raw, SCHEMA)
    assert tree is not None
    assert await found(store, raw) == [place for place, payload in enumerate(stored) if matches(tree, payload)]
