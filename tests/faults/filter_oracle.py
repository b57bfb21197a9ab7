"""The filter language of docs/filters.md in plain Python, over JSON as callers send it: what the service is compared with.

Written from the documentation, not from `searchindex/filters.py`, so that the two do not share a mistake.
"""

import operator
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from searchindex.collection import FieldType

Holds = Callable[[Mapping[str, Any]], bool]
BOUNDS = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}
LEVELS, CONDITIONS, VALUES, CHARACTERS = 5, 32, 128, 1024


class Refused(Exception):  # what the service does, not an error of the oracle
    """The documentation does not allow this."""


def meaning(raw: Any, schema: Mapping[str, FieldType]) -> Holds:
    """Whether a payload passes. Refused for what is no filter."""
    if raw is None or raw == {}:
        return lambda _: True
    holds, conditions = _object(raw, schema, 1)
    if conditions > CONDITIONS:
        raise Refused
    return holds


def _object(raw: Any, schema: Mapping[str, FieldType], level: int) -> tuple[Holds, int]:
    if level > LEVELS or not isinstance(raw, dict) or not raw:
        raise Refused
    parts = [_entry(key, value, schema, level) for key, value in raw.items()]
    return _all(parts), sum(count for _, count in parts)


def _all(parts: list[tuple[Holds, int]]) -> Holds:
    return lambda payload: all(holds(payload) for holds, _ in parts)


def _entry(key: str, value: Any, schema: Mapping[str, FieldType], level: int) -> tuple[Holds, int]:
    if key == "not":
        holds, count = _object(value, schema, level + 1)
        return (lambda payload: not holds(payload)), count
    if key in ("and", "or"):
        if not isinstance(value, list) or not value:
            raise Refused
        parts = [_object(each, schema, level + 1) for each in value]
        count = sum(each for _, each in parts)
        return (_all(parts) if key == "and" else lambda payload: any(holds(payload) for holds, _ in parts)), count
    if key not in schema:
        raise Refused
    return _field(key, value, schema[key]), 1


def _field(name: str, value: Any, kind: FieldType) -> Holds:
    if not isinstance(value, dict):
        return _equal(name, value, kind)
    if not value or not value.keys() <= {*BOUNDS, "in", "not", "exists"}:
        raise Refused
    if {"gt", "gte"} <= value.keys() or {"lt", "lte"} <= value.keys():
        raise Refused
    parts: list[Holds] = []
    bounds = [(BOUNDS[word], _bound(bound, kind)) for word, bound in value.items() if word in BOUNDS]
    if bounds:
        parts.append(lambda payload: any(all(is_so(_ordered(one), bound) for is_so, bound in bounds) for one in _held(payload, name)))
    if "in" in value:
        parts.append(_equal(name, value["in"], kind))
    if "not" in value:
        is_equal = _equal(name, value["not"], kind)
        parts.append(lambda payload: not is_equal(payload))
    if "exists" in value:
        if not isinstance(value["exists"], bool):
            raise Refused
        parts.append(lambda payload: bool(_held(payload, name)) is value["exists"])
    return lambda payload: all(holds(payload) for holds in parts)


def _equal(name: str, value: Any, kind: FieldType) -> Holds:
    values = value if isinstance(value, list) else [value]
    kinds = {FieldType.KEYWORD: str, FieldType.INTEGER: int, FieldType.BOOL: bool}
    if kind not in kinds or not 1 <= len(values) <= VALUES or not all(type(each) is kinds[kind] for each in values):
        raise Refused
    if any(len(each) > CHARACTERS if isinstance(each, str) else abs(each) >= 2**63 for each in values):
        raise Refused
    return lambda payload: any(one in values for one in _held(payload, name))


def _bound(value: Any, kind: FieldType) -> Any:
    if kind in (FieldType.INTEGER, FieldType.FLOAT) and type(value) in (int, float) and abs(value) < 2**63:
        return value
    if kind is FieldType.DATETIME and isinstance(value, str):
        try:
            return _ordered(value)
        except ValueError:
            pass
    raise Refused


def _held(payload: Mapping[str, Any], name: str) -> list[Any]:
    found = payload.get(name)
    return found if isinstance(found, list) else [] if found is None else [found]


def _ordered(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
