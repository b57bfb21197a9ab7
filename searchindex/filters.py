"""The filter language: JSON from a caller -> a small tree that each store translates.

    {"category": "cat"}                       equal (a list means any of)
    {"width": {"gte": 640, "lt": 2000}}       ranges, on numbers and dates
    {"tags": {"in": ["red", "blue"]}}, {"tags": {"not": "red"}}, {"taken_at": {"exists": true}}
    {"and": [...]}, {"or": [...]}, {"not": {...}}; several fields in one object must all hold

Only declared fields can be filtered: a store would otherwise scan every payload. Depth and size are bounded.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from searchindex.collection import FieldType
from searchindex.errors import InvalidFilter, shorten

MAX_DEPTH = 5
MAX_CONDITIONS = 32
MAX_VALUES = 128
MAX_TEXT = 1024
MAX_MOMENT = 40

Scalar = str | int | float | bool
RANGES = ("gt", "gte", "lt", "lte")


@dataclass(frozen=True, slots=True)
class AnyOf:
    """The field holds one of the values."""

    field: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """Bounds in (operator, value) pairs; numbers, or RFC 3339 text for dates."""

    field: str
    bounds: tuple[tuple[str, float | str], ...]


@dataclass(frozen=True, slots=True)
class Exists:
    field: str


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Either:
    parts: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: "Filter"


Filter = AnyOf | Range | Exists | All | Either | Not


def parse_filter(raw: object, schema: Mapping[str, FieldType]) -> Filter | None:
    """The tree, or None for an empty object. InvalidFilter says which part is wrong and what may stand there."""
    if raw is None or raw == {}:
        return None
    return _Parser(schema).parse(raw, depth=1)


class _Parser:
    """Counts conditions over the whole tree, so that width is bounded as well as depth."""

    def __init__(self, schema: Mapping[str, FieldType]) -> None:
        self.schema = schema
        self.conditions = 0

    def parse(self, raw: object, *, depth: int) -> Filter:
        if depth > MAX_DEPTH:
            raise InvalidFilter(f"The filter is nested deeper than {MAX_DEPTH} levels.")
        if not isinstance(raw, dict) or not raw:
            raise InvalidFilter("A filter is a JSON object with at least one field.", hint='Example: {"category": "cat"}.')
        parts = tuple(self._entry(str(key), value, depth) for key, value in raw.items())
        return parts[0] if len(parts) == 1 else All(parts)

    def _entry(self, key: str, value: object, depth: int) -> Filter:
        match key:
            case "and":
                return All(self._list(key, value, depth))
            case "or":
                return Either(self._list(key, value, depth))
            case "not":
                return Not(self.parse(value, depth=depth + 1))
        return self._field(key, value)

    def _list(self, key: str, value: object, depth: int) -> tuple[Filter, ...]:
        if not isinstance(value, list) or not value:
            raise InvalidFilter(f'"{key}" takes a list of filters with at least one in it.')
        return tuple(self.parse(part, depth=depth + 1) for part in value)

    def _field(self, name: str, value: object) -> Filter:
        declared = self.schema.get(name)
        if declared is None:
            known = ", ".join(sorted(self.schema))
            raise InvalidFilter(f'The field "{shorten(name, 60)}" cannot be filtered.', hint=f"Declared fields: {known}.")
        self.conditions += 1
        if self.conditions > MAX_CONDITIONS:
            raise InvalidFilter(f"The filter has more than {MAX_CONDITIONS} conditions.")
        if isinstance(value, dict):
            return _operators(name, value, declared)
        return _any_of(name, value, declared)


def _operators(name: str, raw: dict[str, Any], declared: FieldType) -> Filter:
    if not raw:
        raise InvalidFilter(f'"{name}" has no condition.', hint="Use in, gt, gte, lt, lte, not or exists.")
    for either, other in (("gt", "gte"), ("lt", "lte")):
        if either in raw and other in raw:  # of which the engine would see one
            raise InvalidFilter(f'"{name}" has both {either} and {other}.', hint="Use the one that is meant.")
    parts: list[Filter] = []
    bounds: list[tuple[str, float | str]] = []
    for operator, value in raw.items():
        match operator:
            case "in":
                parts.append(_any_of(name, value, declared))
            case "not":
                parts.append(Not(_any_of(name, value, declared)))
            case "exists":
                parts.append(_exists(name, value))
            case "gt" | "gte" | "lt" | "lte":
                bounds.append((operator, _bound(name, value, declared)))
            case _:
                raise InvalidFilter(
                    f'"{shorten(str(operator), 60)}" is not a condition of "{name}".', hint="Use in, gt, gte, lt, lte, not or exists."
                )
    if bounds:
        parts.append(Range(name, tuple(sorted(bounds))))
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def _exists(name: str, value: object) -> Filter:
    if not isinstance(value, bool):
        raise InvalidFilter(f'"exists" of "{name}" is true or false.')
    return Exists(name) if value else Not(Exists(name))


def _any_of(name: str, value: object, declared: FieldType) -> AnyOf:
    if declared in (FieldType.FLOAT, FieldType.DATETIME):
        raise InvalidFilter(f'"{name}" is a {declared}: it has no equality.', hint="Use gt, gte, lt or lte.")
    values = value if isinstance(value, list) else [value]
    if not 1 <= len(values) <= MAX_VALUES:
        raise InvalidFilter(f'"{name}" takes 1 to {MAX_VALUES} values.')
    return AnyOf(name, tuple(_value(name, each, declared) for each in values))


def _value(name: str, value: object, declared: FieldType) -> Scalar:
    match declared:
        case FieldType.KEYWORD if isinstance(value, str) and len(value) <= MAX_TEXT:
            return value
        case FieldType.BOOL if isinstance(value, bool):
            return value
        case FieldType.INTEGER if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63:
            return value
    raise InvalidFilter(f'"{name}" takes values of type {declared}.')


def _bound(name: str, value: object, declared: FieldType) -> float | str:
    if declared in (FieldType.INTEGER, FieldType.FLOAT):
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**63:
            return float(value)
        raise InvalidFilter(f'"{name}" is compared with numbers.')
    if declared is FieldType.DATETIME:
        return _moment(name, value)
    raise InvalidFilter(f'"{name}" is a {declared}: it has no order.', hint="Use a value, a list of values, or not.")


def _moment(name: str, value: object) -> str:
    try:
        moment = datetime.fromisoformat(str(value)) if isinstance(value, str) and len(value) <= MAX_MOMENT else None
    except ValueError:
        moment = None
    if moment is None:
        raise InvalidFilter(f'"{name}" is compared with dates.', hint='Example: "2026-01-31T00:00:00Z".')
    return moment.isoformat() if moment.tzinfo else f"{moment.isoformat()}+00:00"
