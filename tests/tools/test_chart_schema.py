"""The schema of a chart's values says all that its values.yaml says, and refuses the rest."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tools.chart_schema import MARK, ROOT, UndescribedValueError, charts, readme_text, schema

CHARTS = {str(chart.relative_to(ROOT)): chart for chart in charts()}
VALUES = """
# What answers.
api:
  # How many.
  # @schema minimum: 1, maximum: 9
  replicas: 2
  # Size of it.
  # @schema as: resources
  resources:
    requests: {cpu: 1}
# Further | words.
# @schema items: {type: string}
names: []
"""


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    (tmp_path / "Chart.yaml").write_text("name: small\ndescription: A small one\n")
    (tmp_path / "values.yaml").write_text(VALUES)
    return tmp_path


def defaults(folder: Path) -> Any:
    return yaml.safe_load((folder / "values.yaml").read_text("utf-8"))


def refused(folder: Path, values: Any) -> str:
    """Where and why, of the first thing that is wrong; empty if nothing is."""
    found = next(jsonschema.Draft7Validator(schema(folder)).iter_errors(values), None)
    return f"{found.json_path}: {found.message}" if found else ""


def closed(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Paths of the mappings whose keys are all declared, the top included."""
    if node.get("additionalProperties") is False:
        yield path
    for name, part in node.get("properties", {}).items():
        yield from closed(part, (*path, name))


def leaves(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, part in node.get("properties", {}).items():
        if "default" in part:
            yield (*path, name)
        else:
            yield from leaves(part, (*path, name))


def put(values: Any, path: tuple[str, ...], value: Any) -> Any:
    changed = copy.deepcopy(values)
    place = changed
    for name in path[:-1]:
        place = place.setdefault(name, {})
    place[path[-1]] = value
    return changed


def test_comments_defaults_and_definitions_make_the_schema(chart: Path) -> None:
    """The words become the description, bounds and definitions are taken over, and nothing else may be given."""
    api = schema(chart)["properties"]["api"]

    assert api["description"] == "What answers."
    assert api["properties"]["replicas"] == {"type": "integer", "description": "How many.", "minimum": 1, "maximum": 9, "default": 2}
    assert api["properties"]["resources"]["properties"].keys() >= {"requests", "limits"}
    assert "$.api.replicas" in refused(chart, put(defaults(chart), ("api", "replicas"), 10))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ("a: 1", "a: write a comment"),
        ("# A.\na:\n  b: 1", "a.b: write a comment"),
        ("# A.\na: []", "a: add `# @schema"),
        ("# A.\na: {}", "a: add `# @schema"),
        ("# A.\na:", "a: null"),
        ("# A.\n# @schema [\na: 1", "a: '@schema ['"),
    ],
)
def test_value_that_is_not_described_is_named(chart: Path, values: str, said: str) -> None:
    """A chart's author learns which value lacks what."""
    (chart / "values.yaml").write_text(values)
    with pytest.raises(UndescribedValueError) as error:
        schema(chart)
    assert said in str(error.value)


def test_readme_keeps_the_authors_words(chart: Path) -> None:
    """Only what follows the mark is written anew, and it names every value."""
    (chart / "README.md").write_text(f"# Small\nMine.\n\n{MARK}\nold\n")
    page = readme_text(chart)

    assert page.startswith("# Small\nMine.\n")
    assert "old" not in page
    assert "| `api.replicas` | integer, at least 1, at most 9 | `2` | How many. |" in page
    assert "Further \\| words." in page


@pytest.mark.parametrize("name", CHARTS)
def test_defaults_are_allowed(name: str) -> None:
    """A chart can be installed without a value."""
    jsonschema.Draft7Validator.check_schema(schema(CHARTS[name]))
    assert refused(CHARTS[name], defaults(CHARTS[name])) == ""


@pytest.mark.parametrize("name", CHARTS)
def test_every_mistyped_key_is_refused_with_its_path(name: str) -> None:
    """In every mapping that is not open on purpose."""
    values = defaults(CHARTS[name])
    for path in closed(schema(CHARTS[name])):
        said = refused(CHARTS[name], put(values, (*path, "mistyped"), 1))
        assert said.startswith(".".join(["$", *path])), path
        assert "mistyped" in said, path


@pytest.mark.parametrize("name", CHARTS)
def test_every_wrong_type_and_null_is_refused_with_its_path(name: str) -> None:
    """A mapping where a word belongs, a word where a mapping belongs; and Helm takes a key away that is set to null."""
    values = defaults(CHARTS[name])
    for path in leaves(schema(CHARTS[name])):
        default = put(values, path, None)
        kept = values
        for part in path:
            kept = kept[part]
        wrong = "a word" if isinstance(kept, dict | list) else {"a": "mapping"}
        assert refused(CHARTS[name], put(values, path, wrong)).startswith(".".join(["$", *path])), path
        assert refused(CHARTS[name], default), path
