"""Laying one template over another, as strategic merge does."""

from typing import Any

import pytest

from controller.overlay import overlaid
from searchindex.errors import InvalidInput


def laid(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    return overlaid(base, over, path="template")


def test_objects_merge_and_values_replace() -> None:
    """What the overlay does not name stays."""
    assert laid({"a": {"b": 1, "c": 2}, "d": [1]}, {"a": {"b": 3}, "d": [2]}) == {"a": {"b": 3, "c": 2}, "d": [2]}


def test_containers_merge_by_name() -> None:
    """A container is found by its name, wherever it stands; others are added."""
    base = {"containers": [{"name": "a", "image": "x", "ports": [{"containerPort": 1, "name": "one"}]}]}
    over = {"containers": [{"name": "b"}, {"name": "a", "tty": True, "ports": [{"containerPort": 1, "protocol": "TCP"}]}]}
    assert laid(base, over)["containers"] == [
        {"name": "a", "image": "x", "tty": True, "ports": [{"containerPort": 1, "name": "one", "protocol": "TCP"}]},
        {"name": "b"},
    ]


def test_variables_and_volumes_are_replaced_whole() -> None:
    """A value beside a valueFrom, or an emptyDir beside a hostPath, is refused by Kubernetes."""
    base = {"env": [{"name": "K", "value": "v"}], "volumes": [{"name": "tmp", "emptyDir": {}}]}
    over = {"env": [{"name": "K", "valueFrom": {}}], "volumes": [{"name": "tmp", "ephemeral": {}}]}
    assert laid(base, over) == over


def test_sources_of_variables_are_added() -> None:
    """A bucket's credentials do not vanish because someone adds a ConfigMap."""
    assert laid({"envFrom": [1]}, {"envFrom": [2]}) == {"envFrom": [1, 2]}


def test_null_says_nothing() -> None:
    """An empty key in somebody's YAML removes nothing."""
    assert laid({"volumes": [{"name": "tmp"}], "a": 1}, {"volumes": None, "a": None}) == {"volumes": [{"name": "tmp"}], "a": 1}


def test_neither_is_changed() -> None:
    """Both are somebody's values."""
    base: dict[str, Any] = {"a": {"b": 1}, "env": [{"name": "A"}]}
    over: dict[str, Any] = {"a": {"c": 2}, "env": [{"name": "B"}]}
    laid(base, over)
    assert base == {"a": {"b": 1}, "env": [{"name": "A"}]}
    assert over == {"a": {"c": 2}, "env": [{"name": "B"}]}


@pytest.mark.parametrize(
    ("over", "place"),
    [
        ({"a": 1}, "template.a is not an object"),
        ({"containers": {"name": "a"}}, "template.containers is not a list"),
        ({"containers": ["a"]}, "template.containers has an item without name"),
        ({"containers": [{"image": "x"}]}, "template.containers has an item without name"),
        ({"containers": [{"name": "a", "env": [{"value": "x"}]}]}, r"template.containers\[a\].env has an item without name"),
        ({"envFrom": {}}, "template.envFrom is not a list"),
    ],
)
def test_what_cannot_be_laid_is_named(over: dict[str, Any], place: str) -> None:
    """The person reads where in the template the mistake is."""
    with pytest.raises(InvalidInput, match=place):
        laid({"a": {}, "containers": [{"name": "a"}]}, over)
