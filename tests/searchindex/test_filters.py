"""The filter language."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchindex.collection import PAYLOAD_SCHEMA
from searchindex.errors import InvalidFilter
from searchindex.filters import MAX_CONDITIONS, MAX_DEPTH, MAX_VALUES, All, AnyOf, Either, Exists, Not, Range, parse_filter


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"category": "cat"}, AnyOf("category", ("cat",))),
        ({"category": ["cat", "dog"]}, AnyOf("category", ("cat", "dog"))),
        ({"width": {"gte": 640, "lt": 2000}}, Range("width", (("gte", 640.0), ("lt", 2000.0)))),
        ({"tags": {"in": ["a"], "not": "b"}}, All((AnyOf("tags", ("a",)), Not(AnyOf("tags", ("b",)))))),
        ({"taken_at": {"exists": False}}, Not(Exists("taken_at"))),
        ({"taken_at": {"gt": "2026-01-31"}}, Range("taken_at", (("gt", "2026-01-31T00:00:00+00:00"),))),
        ({"category": "cat", "width": 3}, All((AnyOf("category", ("cat",)), AnyOf("width", (3,))))),
        ({"or": [{"category": "cat"}, {"not": {"width": 3}}]}, Either((AnyOf("category", ("cat",)), Not(AnyOf("width", (3,)))))),
    ],
)
def test_the_documented_forms(raw, expected):
    """Every form that the documentation shows is understood as it says."""
    assert parse_filter(raw, PAYLOAD_SCHEMA) == expected


@pytest.mark.parametrize("raw", [None, {}])
def test_no_filter(raw):
    """An empty object means no filter, as in the seed."""
    assert parse_filter(raw, PAYLOAD_SCHEMA) is None


def test_an_undeclared_field_is_refused_with_the_declared_ones():
    """A filter that would scan every payload is refused, and the caller learns what there is."""
    with pytest.raises(InvalidFilter) as caught:
        parse_filter({"colour": "red"}, PAYLOAD_SCHEMA)
    assert "category" in caught.value.hint


@pytest.mark.parametrize(
    "raw",
    [
        [], "category", 3, {"category": {}}, {"category": []}, {"category": 3}, {"category": None}, {"width": "3"}, {"width": True},
        {"width": 2**63}, {"width": {"like": 3}}, {"width": {"gte": "3"}}, {"category": {"gte": "a"}}, {"taken_at": "2026-01-31"},
        {"taken_at": {"gt": "yesterday"}}, {"taken_at": {"gt": 5}}, {"taken_at": {"exists": "yes"}}, {"and": []}, {"or": {}}, {"not": []},
        {"width": {"lt": 9, "lte": 3}}, {"width": {"gt": 3, "gte": 9}},
        {"and": [{}]}, {"category": ["x"] * (MAX_VALUES + 1)}, {"category": "x" * 2000},
    ],
)  # fmt: skip
def test_malformed_filters_are_refused(raw):
    """Whatever a caller sends, the answer is a sentence and never a crash."""
    with pytest.raises(InvalidFilter):
        parse_filter(raw, PAYLOAD_SCHEMA)


def test_depth_is_bounded():
    """A filter as deep as a well costs no stack."""
    raw: dict = {"category": "cat"}
    for _ in range(MAX_DEPTH - 1):
        raw = {"not": raw}
    assert parse_filter(raw, PAYLOAD_SCHEMA)
    with pytest.raises(InvalidFilter, match="deeper"):
        parse_filter({"not": raw}, PAYLOAD_SCHEMA)


def test_width_is_bounded_over_the_whole_tree():
    """Many small branches cannot do what one large one may not."""
    many = {"or": [{"and": [{"width": 1}] * 8}] * (MAX_CONDITIONS // 8 + 1)}
    with pytest.raises(InvalidFilter, match="conditions"):
        parse_filter(many, PAYLOAD_SCHEMA)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from([*PAYLOAD_SCHEMA, "and", "or", "not", "in", "gt", "lte", "exists"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json_is_understood_or_refused(raw):
    """No JSON at all makes the parser raise anything but InvalidFilter."""
    try:
        parse_filter(raw, PAYLOAD_SCHEMA)
    except InvalidFilter as refused:
        error = refused
    else:
        return
    assert len(error.message) < 300
