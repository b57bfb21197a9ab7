"""Points as bytes: what Qdrant's own message classes would have sent."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qdrant_client import grpc
from qdrant_client.conversions.conversion import GrpcToRest, RestToGrpc

from searchindex.errors import InvalidInput
from searchindex.points import PointId
from searchindex.ports import Point
from searchindex.stores.qdrant_bytes import point_bytes
from searchindex.stores.qdrant_wire import upsert_points
from tests.searchindex.stores.samples import VALUES

ROW = np.arange(300, dtype=np.float32)


@given(st.integers(0, 2**64 - 1), st.dictionaries(st.text("abcdé", max_size=200), VALUES, max_size=5))
def test_bytes_are_what_the_message_classes_would_send(identity: int, payload: dict[str, Any]):
    """Every kind of JSON value, at any depth, and lengths of one byte and of several."""
    found = grpc.PointStruct.FromString(point_bytes(PointId(identity), ROW, payload))
    assert found == grpc.PointStruct(
        id=grpc.PointId(num=identity),
        vectors=grpc.Vectors(vector=grpc.Vector(dense=grpc.DenseVector(data=ROW))),
        payload=RestToGrpc.convert_payload(payload),
    )
    assert GrpcToRest.convert_payload(found.payload) == payload


@pytest.mark.parametrize(
    "payload",
    [{"a": 2**63}, {"a": -(2**63) - 1}, {"a": object()}, {"a": "\ud800"}, {"\udfff": 1}, {1: "a"}, {"a": {2: 3}}, {"a": {1, 2}}],
)
def test_what_is_no_json_is_the_callers_fault(payload: dict[Any, Any]):
    """Told by the point's id, before anything is sent."""
    with pytest.raises(InvalidInput, match="point 7"):
        upsert_points([Point(PointId(7), ROW, payload)], ROW[None], collection="x")


def test_a_payload_that_contains_itself_is_refused():
    """In place of a crash."""
    payload: dict[str, Any] = {}
    payload["self"] = payload
    with pytest.raises(InvalidInput):
        upsert_points([Point(PointId(7), ROW, payload)], ROW[None], collection="x")


@pytest.mark.parametrize("identity", [-1, 2**64])
def test_an_id_of_another_size_is_refused(identity: int):
    """It would be stored as another point."""
    with pytest.raises(OverflowError):
        point_bytes(PointId(identity), ROW, {})


def test_floats_that_are_no_numbers_arrive_as_they_are():
    """The server decides about them, as ever."""
    found = grpc.PointStruct.FromString(point_bytes(PointId(1), ROW, {"a": math.inf, "b": math.nan}))
    assert found.payload["a"].double_value == math.inf
    assert math.isnan(found.payload["b"].double_value)
