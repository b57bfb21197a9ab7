"""Values of a structural schema, for property tests: those it takes, those it may not take, and what the API server adds to them."""

import re
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError, validators

Schema = dict[str, Any]
unhurried = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])  # whole resources, on a busy machine
ASCII = st.characters(codec="ascii", exclude_categories=["Cc"])
ODD = ("", "a", "A b", "a,b", "a\n", "x" * 300, "0 3 * * *", -1, 0, 3, 10**7, 1.5, True, [], ["a"], {}, {"name": "a"})  # for any field


def accepted(schema: Schema) -> st.SearchStrategy[Any]:
    """Values that satisfy the schema; its rules in CEL aside."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema["type"]:
        case "object":
            return _objects(schema)
        case "array":
            keys = schema.get("x-kubernetes-list-map-keys")
            unique = (lambda item: tuple(item[key] for key in keys)) if keys else None
            return st.lists(accepted(schema["items"]), min_size=schema.get("minItems", 0), max_size=3, unique_by=unique)
        case "integer":
            return st.integers(schema.get("minimum", -(2**31)), schema.get("maximum", 2**31 - 1))
        case "boolean":
            return st.booleans()
        case _:
            return _texts(schema)


def _objects(schema: Schema) -> st.SearchStrategy[Any]:
    if "properties" in schema:
        parts = {name: accepted(part) for name, part in schema["properties"].items()}
        required = {name: parts.pop(name) for name in schema.get("required", [])}
        return st.fixed_dictionaries(required, optional=parts)
    values = accepted(schema["additionalProperties"]) if "additionalProperties" in schema else st.integers() | st.booleans()
    return st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), values, min_size=schema.get("minProperties", 0), max_size=2)


def _texts(schema: Schema) -> st.SearchStrategy[str]:
    if schema.get("format") == "date-time":
        return st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat)
    least, most = schema.get("minLength", 0), schema.get("maxLength", 20)
    if "pattern" in schema:
        return st.from_regex(schema["pattern"], fullmatch=True, alphabet=ASCII).filter(lambda text: least <= len(text) <= most)
    return st.text(ASCII, min_size=least, max_size=min(most, 20))


@st.composite
def changed(draw: st.DrawFn, value: Any) -> Any:
    """The value with one place of it replaced, removed or said twice."""
    value = deepcopy(value)
    places = list(_places(value))
    container, key = draw(st.sampled_from(places))
    match draw(st.sampled_from(["replace", "remove", "repeat"])):
        case "replace":
            container[key] = draw(st.sampled_from(ODD))
        case "remove":
            del container[key]
        case _ if isinstance(container, list):
            container.append(deepcopy(container[key]))
        case _:
            container["unknown"] = container[key]
    return value


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    items = list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    for key, part in items:
        yield value, key
        yield from _places(part)


def _pattern(_validator: Any, pattern: str, instance: Any, _schema: Schema) -> Any:
    """As in RE2, `$` is the end of the text, not the place before a last line break."""
    if isinstance(instance, str) and not re.search(pattern.replace("$", r"\Z"), instance):
        yield ValidationError(f"{instance!r} does not match {pattern}")


def _map_keys(_validator: Any, keys: list[str], instance: Any, _schema: Schema) -> Any:
    found = [tuple(str(item.get(key)) for key in keys) for item in instance if isinstance(item, dict)] if isinstance(instance, list) else []
    if len(set(found)) != len(found):
        yield ValidationError("duplicate key")


Structural = validators.extend(Draft202012Validator, {"pattern": _pattern})
StructuralWithKeys = validators.extend(Structural, {"x-kubernetes-list-map-keys": _map_keys})


def defaulted(value: Any, schema: Schema) -> Any:
    """As the API server does it: a default is put where a field is missing, and then looked into in its turn."""
    if isinstance(value, list) and "items" in schema:
        return [defaulted(item, schema["items"]) for item in value]
    if not isinstance(value, dict) or "properties" not in schema:
        return value
    defaults = {name: part["default"] for name, part in schema["properties"].items() if "default" in part}
    parts = schema["properties"]
    return {name: defaulted(part, parts[name]) if name in parts else part for name, part in (deepcopy(defaults) | value).items()}


def nodes(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema in the schema, with its path."""
    yield path, schema
    for name, part in schema.get("properties", {}).items():
        yield from nodes(part, f"{path}.{name}")
    for keyword, mark in (("items", "[]"), ("additionalProperties", "{}")):
        if keyword in schema:
            yield from nodes(schema[keyword], path + mark)
