"""A filter tree -> the conditions of a Qdrant server."""

from typing import Any

from qdrant_client import models

from searchindex.filters import All, AnyOf, Either, Exists, Filter, Not, Range


def qdrant_filter(tree: Filter | None) -> models.Filter | None:
    """The client's filter; None matches everything."""
    return None if tree is None else models.Filter(must=[_condition(tree)])


def _condition(tree: Filter) -> models.Condition:
    match tree:
        case AnyOf(field, values):
            return _any_of(field, values)
        case Range(field, bounds):
            return models.FieldCondition(key=field, range=_range(dict(bounds)))
        case Exists(field):
            return models.Filter(must_not=[models.IsEmptyCondition(is_empty=models.PayloadField(key=field))])
        case All(parts):
            return models.Filter(must=[_condition(part) for part in parts])
        case Either(parts):
            return models.Filter(should=[_condition(part) for part in parts])
        case Not(part):
            return models.Filter(must_not=[_condition(part)])


def _any_of(field: str, values: tuple[Any, ...]) -> models.Condition:
    if any(isinstance(value, bool) for value in values):  # the server's list form takes text and integers alone
        return models.Filter(should=[models.FieldCondition(key=field, match=models.MatchValue(value=value)) for value in values])
    return models.FieldCondition(key=field, match=models.MatchAny(any=list(values)))


def _range(bounds: dict[str, Any]) -> models.Range | models.DatetimeRange:
    dates = any(isinstance(value, str) for value in bounds.values())
    return models.DatetimeRange(**bounds) if dates else models.Range(**bounds)
