"""No value of any chart can be mistyped, be of another type, or be null, without being refused before anything is installed."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import yaml

from tests.charts.render import CHARTS, Refused, render
from tools.chart_schema import DEFINITIONS

Schema = dict[str, Any]
ALL = sorted(str(path.parent.relative_to(CHARTS)) for path in CHARTS.rglob("values.schema.json"))
PARTS = {"qdrant": "qdrant", "redis": "redis", "otelCollector": "otel-collector"}
NOT_ITS_OWN = {("global",), *((section,) for section in PARTS)}
TRIED: tuple[Any, ...] = ("a typing error", 0.5, ["a typing error"], {"a typing": "error"})
KINDS = {str: "string", int: "integer", float: "number", list: "array", dict: "object", bool: "boolean"}


@cache
def schema_of(chart: str) -> Schema:
    found: Schema = json.loads((CHARTS / chart / "values.schema.json").read_text("utf-8"))
    return found


def is_block(part: Schema) -> bool:
    """A mapping of values of its own, and not one value that is a mapping."""
    return "default" not in part and "properties" in part


def values(part: Schema, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Schema]]:
    """Every value and every block below, with its path. Not `global`, which is open; nor the parts, which judge their own."""
    for name, each in part["properties"].items():
        if (*path, name) not in NOT_ITS_OWN:
            yield (*path, name), each
            if is_block(each):
                yield from values(each, (*path, name))


def together(changes: dict[tuple[str, ...], object]) -> dict[str, Any]:
    """All of them in one set of values; none is within another."""
    whole: dict[str, Any] = {}
    for path, value in changes.items():
        at = whole
        for name in path[:-1]:
            at = at.setdefault(name, {})
        at[path[-1]] = value
    return whole


def said_of(chart: str, changes: dict[tuple[str, ...], object]) -> str:
    with pytest.raises(Refused) as refused:
        render(chart, together(changes))
    return str(refused.value)


def line(path: tuple[str, ...], said: str) -> str:
    """As helm names a value in the block that holds it."""
    return f"- {'.'.join(path[:-1]) or '(root)'}: {said}"


@pytest.mark.parametrize("chart", ALL)
def test_a_mistyped_name_is_refused_with_its_path(chart: str) -> None:
    """Of every value and every block; an unknown name is never ignored."""
    wrong = {(*path[:-1], f"{path[-1]}z"): "" for path, _ in values(schema_of(chart))}
    said = said_of(chart, wrong)
    assert [path for path in wrong if line(path, f"Additional property {path[-1]} is not allowed") not in said] == []


@pytest.mark.parametrize("chart", ALL)
def test_null_is_refused_with_its_path(chart: str) -> None:
    """To helm null means: take the default away. No value may be taken away."""
    wrong = {path: None for path, part in values(schema_of(chart)) if not is_block(part)}
    said = said_of(chart, wrong)
    assert [path for path in wrong if line(path, f"{path[-1]} is required") not in said] == []


@pytest.mark.parametrize("chart", ALL)
def test_a_value_of_another_type_is_refused_with_its_path(chart: str) -> None:
    """A text for a number, a mapping for a list, and so on."""
    wrong = {path: of_another_type(part) for path, part in values(schema_of(chart)) if not is_block(part)}
    said = said_of(chart, wrong)
    assert [path for path in wrong if f"- {'.'.join(path)}: " not in said] == []


@pytest.mark.parametrize("chart", [chart for chart in ALL if any(is_block(part) for _, part in values(schema_of(chart)))])
def test_what_is_no_block_is_refused_in_its_place(chart: str) -> None:
    """`auth: true` for `auth: {enabled: true}`."""
    blocks = [path for path, part in values(schema_of(chart)) if is_block(part)]
    for depth in {len(path) for path in blocks}:
        wrong: dict[tuple[str, ...], object] = {path: ["wrong"] for path in blocks if len(path) == depth}
        said = said_of(chart, wrong)
        assert [path for path in wrong if f"- {'.'.join(path)}: Invalid type. Expected: object, given: array" not in said] == []


@pytest.mark.parametrize("chart", ALL)
def test_what_is_open_says_who_judges_it(chart: str) -> None:
    """Where a value may hold whatever somebody else defines, its meaning says whose word counts, or it is a type of Kubernetes'."""
    open_ones = [(path, part) for path, part in values(schema_of(chart)) if not is_block(part) and has_open_object(part)]
    assert [".".join(path) for path, part in open_ones if "itself" not in part["description"] and not is_of_kubernetes(part)] == []


@pytest.mark.parametrize("section", PARTS)
def test_a_part_refuses_through_the_chart_around_it(section: str) -> None:
    """A mistyped value of a part is refused under the part's name, and so is what is no mapping. Null means: as the part has it."""
    said = said_of("searchindex", {(section, "networkPolicy", "client"): []})
    assert f"{section}:\n- networkPolicy: Additional property client is not allowed" in said
    assert f"type mismatch on {section}" in said_of("searchindex", {(section,): "a typing error"})
    assert render("searchindex", {section: None}) != []


def of_another_type(part: Schema) -> object:
    """Something that the value cannot be."""
    allowed = {part["type"]} if isinstance(part["type"], str) else set(part["type"])
    also = allowed | {"integer"} if "number" in allowed else allowed
    return next(each for each in TRIED if KINDS[type(each)] not in also)


def is_of_kubernetes(part: Schema) -> bool:
    """Whether it is one of the shared definitions that say which type of Kubernetes' they are."""
    known = [each for each in yaml.safe_load(DEFINITIONS.read_text("utf-8")).values() if "as in a" in each["description"]]
    return any(all(part.get(name) == wanted for name, wanted in each.items() if name != "description") for each in known)


def has_open_object(part: object) -> bool:
    """Whether anywhere in it an object may have keys that nothing here knows."""
    if isinstance(part, list):
        return any(has_open_object(each) for each in part)
    if not isinstance(part, dict):
        return False
    if part.get("type") == "object" and part.get("additionalProperties", True) is True:
        return True
    return any(has_open_object(each) for name, each in part.items() if name not in {"default", "enum"})


def test_the_charts_are_all_looked_at() -> None:
    """No chart is without a schema."""
    charts = {str(path.parent.relative_to(CHARTS)) for path in CHARTS.rglob("Chart.yaml")}
    assert set(ALL) == charts >= {"searchindex", *(f"searchindex/charts/{part}" for part in PARTS.values())}
