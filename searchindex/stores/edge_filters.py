"""A filter tree -> Qdrant Edge's conditions."""

from typing import Any

import qdrant_edge as engine

from searchindex.filters import All, AnyOf, Either, Exists, Filter, Not, Range
from searchindex.stores.edge_bools import mirror_path


def edge_filter(tree: Filter | None) -> engine.Filter | None:
    """The engine's filter; None matches everything."""
    return None if tree is None else engine.Filter(must=[_condition(tree)])


def _condition(tree: Filter) -> Any:
    match tree:
        case AnyOf(field, values):
            return _any_of(field, values)
        case Range(field, bounds):
            return engine.FieldCondition(key=field, range=_range(dict(bounds)))
        case Exists(field):
            return engine.Filter(must_not=[engine.IsEmptyCondition(key=field)])
        case All(parts):
            return engine.Filter(must=[_condition(part) for part in parts])
        case Either(parts):
            return engine.Filter(should=[_condition(part) for part in parts])
        case Not(part):
            return engine.Filter(must_not=[_condition(part)])


def _any_of(field: str, values: tuple[Any, ...]) -> Any:
    if any(isinstance(value, bool) for value in values):
        field, values = mirror_path(field), tuple(int(value) for value in values)
    return engine.FieldCondition(key=field, match=engine.MatchAny(list(values)))


def _range(bounds: dict[str, Any]) -> Any:
    dates = any(isinstance(value, str) for value in bounds.values())
    return engine.RangeDateTime(**bounds) if dates else engine.RangeFloat(**bounds)
