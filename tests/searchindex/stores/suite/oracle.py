"""The filter language in plain Python: what the engines are compared with."""

import operator
from datetime import UTC, datetime
from typing import Any

from searchindex.filters import All, AnyOf, Either, Exists, Filter, Not, Range
from searchindex.points import Payload

COMPARE = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}


def matches(tree: Filter, payload: Payload) -> bool:
    match tree:
        case AnyOf(field, values):
            return any(type(one) is type(value) and one == value for one in _values(payload, field) for value in values)
        case Range(field, bounds):
            return any(all(COMPARE[name](_ordered(one), _ordered(bound)) for name, bound in bounds) for one in _values(payload, field))
        case Exists(field):
            return payload.get(field) not in (None, [])
        case All(parts):
            return all(matches(part, payload) for part in parts)
        case Either(parts):
            return any(matches(part, payload) for part in parts)
        case Not(part):
            return not matches(part, payload)


def _values(payload: Payload, field: str) -> list[Any]:
    found = payload.get(field)
    return found if isinstance(found, list) else [] if found is None else [found]


def _ordered(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
