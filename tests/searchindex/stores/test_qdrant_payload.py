"""Payloads as they come from a server, against the client's own conversion."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from qdrant_client import grpc
from qdrant_client.conversions.conversion import RestToGrpc

from searchindex.stores.qdrant_payload import payload_of
from searchindex.stores.qdrant_queries import scored
from tests.searchindex.stores.samples import VALUES


def typed(value: Any) -> Any:
    """Each value with its type: 1, 1.0 and True are equal in Python, and three things to a reader."""
    if isinstance(value, dict):
        return {name: typed(each) for name, each in value.items()}
    return [typed(each) for each in value] if isinstance(value, list) else (type(value), value)


@given(st.dictionaries(st.text("abcdé", max_size=20), VALUES, max_size=5))
def test_what_was_stored_comes_back(payload: dict[str, Any]):
    """Every kind of JSON value at any depth, and each of its own type."""
    stored = RestToGrpc.convert_payload(payload)
    assert typed(payload_of(grpc.ScoredPoint(payload=stored).payload)) == typed(payload)


def test_what_came_without_a_payload_has_none():
    """None is asked for later; an empty one would be shown."""
    hits = [
        grpc.ScoredPoint(id=grpc.PointId(num=2**64 - 1), score=0.5),
        grpc.ScoredPoint(id=grpc.PointId(num=1), payload={"a": grpc.Value()}),
    ]
    assert scored(grpc.BatchResult(result=hits)) == [(2**64 - 1, 0.5, None), (1, 0.0, {"a": None})]
