"""The definition is one that Kubernetes takes, and says the same as the Python that reads the resource."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
import yaml
from hypothesis import given
from pydantic import Field, ValidationError, create_model

from searchindex.crd import COLUMNS, crd, resource_schema, structural
from searchindex.spec import SearchIndexSpec
from searchindex.status import SearchIndexStatus
from tests.searchindex.invalid_specs import EXAMPLES, REFUSED, REFUSED_CHANGES, Refused, patched, sample
from tests.searchindex.schema_values import Structural, StructuralWithKeys, accepted, changed, defaulted, nodes, unhurried

ROOT = Path(__file__).parents[2]
SPEC = structural(SearchIndexSpec)
WHOLE = resource_schema()
STATUS = WHOLE["properties"]["status"]
ALLOWED = {"type", "description", "format", "enum", "pattern", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems"}
ALLOWED |= {"minProperties", "maxProperties", "required", "properties", "items", "additionalProperties", "default"}
ALLOWED |= {f"x-kubernetes-{name}" for name in ("preserve-unknown-fields", "validations", "list-type", "list-map-keys")}


def python_accepts(spec: Any) -> bool:
    try:
        SearchIndexSpec.model_validate_json(json.dumps(spec), strict=True)
    except ValidationError:
        return False
    return True


def test_file_is_the_generated_one() -> None:
    """What is installed is what the code says; the chart finds the one place where it puts its annotation."""
    written = (ROOT / "charts/searchindex-crds/files/searchindexes.yaml").read_text("utf-8")
    assert yaml.safe_load(written) == crd(), "run make generate"
    assert written.count("annotations: {}") == 1


def test_schema_is_structural() -> None:
    """The API server refuses a definition with a keyword it does not know, or a place without a type."""
    for path, node in nodes(WHOLE):
        assert set(node) <= ALLOWED, path
        assert node["type"] in {"object", "array", "string", "integer", "boolean"}, path
        assert (node["type"] == "array") == ("items" in node), path
        assert not {"properties", "additionalProperties"} <= set(node), path
        assert set(node.get("required", [])) <= set(node.get("properties", {})), path


def test_lists_say_how_they_merge() -> None:
    """Server-side apply merges by key where the key is always there, and replaces the rest as a whole."""
    for path, node in nodes(WHOLE):
        if node["type"] == "array":
            keys = node.get("x-kubernetes-list-map-keys")
            assert node["x-kubernetes-list-type"] == ("map" if keys else "atomic"), path
            assert set(keys or []) <= set(node["items"].get("required", [])), path


def test_spec_is_bounded() -> None:
    """Without bounds on texts, lists and maps the rules' estimated cost is above what the API server allows."""
    for path, node in nodes(SPEC):
        if node["type"] == "string":
            assert "maxLength" in node or "enum" in node, path
        assert "maxItems" in node or node["type"] != "array", path
        assert "maxProperties" in node or "additionalProperties" not in node, path


def test_defaults_are_valid() -> None:
    """The API server refuses a definition whose defaults break its own schema."""
    for path, node in nodes(WHOLE):
        if "default" in node:
            assert Structural(node).is_valid(node["default"]), path
            assert "properties" not in node or set(node["default"]) <= set(node["properties"]), path


def test_every_field_is_described() -> None:
    """`kubectl explain` and the reference leave no field unexplained."""
    bare = [path for path, node in nodes(WHOLE) if "description" not in node and not path.endswith(("[]", "{}"))]
    assert bare == [".metadata", ".metadata.name"]  # the API server describes these itself


def test_rules_carry_a_sentence_and_are_all_tried() -> None:
    """A rule nobody has seen refuse anything may refuse nothing."""
    tried = [each.says for each in (*REFUSED, *REFUSED_CHANGES)]
    for path, node in nodes(WHOLE):
        for rule in node.get("x-kubernetes-validations", []):
            assert rule["message"].endswith("."), path
            assert any(says in rule["message"] for says in tried), rule["message"]


def test_rules_about_the_past_stand_outside_of_lists() -> None:
    """The API server refuses `oldSelf` where an item's past cannot be found."""
    for path, node in nodes(WHOLE):
        rules = node.get("x-kubernetes-validations", [])
        assert "[]" not in path or not any("oldSelf" in rule["rule"] for rule in rules), path


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_refused_specs(case: Refused) -> None:
    """What the schema refuses is refused offline too; what only a rule refuses has that rule's sentence."""
    document = patched(sample(), case.change)
    fits = StructuralWithKeys(WHOLE).is_valid(document)
    if case.rule:
        assert any(case.says in rule["message"] for _, node in nodes(WHOLE) for rule in node.get("x-kubernetes-validations", []))
    else:
        assert not fits


@pytest.mark.parametrize("name", sorted(path.stem for path in EXAMPLES.glob("*.yaml")))
def test_examples_are_accepted(name: str) -> None:
    """What people copy works, and says nothing that would be passed over."""
    document = sample(name)
    StructuralWithKeys(WHOLE).validate(document)
    spec = SearchIndexSpec.model_validate_json(json.dumps(document["spec"]), strict=True)
    said = spec.model_dump(mode="json", by_alias=True, exclude_unset=True)
    assert said == document["spec"]


def test_page_shows_the_smallest_example() -> None:
    """What people copy from the page is what is tried here."""
    page = (ROOT / "docs/searchindex.md").read_text("utf-8")
    assert f"```yaml\n{(EXAMPLES / 'smallest.yaml').read_text('utf-8')}```" in page


def test_complete_example_is_complete() -> None:
    """Every field is shown once; the kinds of a source and of a model's source exclude one another."""
    text = (EXAMPLES / "complete.yaml").read_text("utf-8")
    fields = {path.rpartition(".")[2] for path, _ in nodes(SPEC) if path and not path.endswith(("[]", "{}"))}
    elsewhere = {"s3", "bucket", "prefix", "endpoint", "region", "credentialsSecret", "reference"}
    assert {field for field in fields if f"{field}:" not in text} == elsewhere
    assert len([line for line in (EXAMPLES / "smallest.yaml").read_text("utf-8").splitlines() if line[0] != "#"]) <= 12


def test_complete_example_shows_the_defaults() -> None:
    """Where its comment does not say otherwise, the complete example leaves everything as it is."""
    lines = (EXAMPLES / "complete.yaml").read_text("utf-8").splitlines()
    for name in others(sample("complete")["spec"], SPEC):
        assert any(f"{name}:" in line and "default" in line for line in lines), name


def others(value: Any, schema: dict[str, Any]) -> Iterator[str]:
    """Names of the fields that have another value than their default."""
    for name, part in value.items() if isinstance(value, dict) else ():
        inner = schema.get("properties", {}).get(name, {})
        if "default" in inner and "properties" not in inner and inner["default"] != part:
            yield name
        for item in part if isinstance(part, list) else [part]:
            yield from others(item, inner.get("items", inner))


@unhurried
@given(accepted(SPEC))
def test_schema_and_python_accept_the_same(spec: dict[str, Any]) -> None:
    """What the API server lets in can be read."""
    assert StructuralWithKeys(SPEC).is_valid(spec)
    assert python_accepts(spec)


@unhurried
@given(accepted(SPEC).flatmap(changed))
def test_schema_and_python_refuse_the_same(spec: Any) -> None:
    """Neither is stricter than the other, whatever is wrong; equal names in a list are the API server's to refuse."""
    assert Structural(SPEC).is_valid(spec) == python_accepts(spec)


@unhurried
@given(accepted(SPEC))
def test_defaults_are_the_same(spec: dict[str, Any]) -> None:
    """A resource means the same before and after the API server wrote its defaults into it."""
    assert SearchIndexSpec.model_validate(defaulted(spec, SPEC)) == SearchIndexSpec.model_validate(spec)


@unhurried
@given(accepted(STATUS))
def test_status_is_written_as_it_is_read(status: dict[str, Any]) -> None:
    """What the controller writes, the API server takes; what it reads back is what it wrote."""
    read = SearchIndexStatus.model_validate_json(json.dumps(status))
    written = read.model_dump(mode="json", by_alias=True, exclude_none=True)
    assert StructuralWithKeys(STATUS).is_valid(written)
    assert SearchIndexStatus.model_validate(written) == read


def test_new_resource_is_not_taken_for_done() -> None:
    """kstatus, and with it helm --wait, compares the observed generation with the resource's, which begins with 1."""
    assert STATUS["default"] == {"observedGeneration": 0}


def test_columns_show_what_is_there() -> None:
    """A column's path that leads nowhere is an empty column for ever."""
    known = {path.replace("[]", "") for path, _ in nodes(WHOLE)}
    for _, _, path, _ in COLUMNS:
        plain = path.replace('[?(@.type=="Ready")]', "")
        assert plain in known or plain == ".metadata.creationTimestamp"


def test_scale_is_the_indexing_parallelism() -> None:
    """`kubectl scale` sets a field that exists, and reads two that the status has."""
    scale = crd()["spec"]["versions"][0]["subresources"]["scale"]
    assert set(scale.values()) <= {path for path, _ in nodes(WHOLE)}
    assert scale["specReplicasPath"] == ".spec.indexing.parallelism"


@pytest.mark.parametrize("kind", [int | str, Annotated[float, Field(gt=0)]])
def test_what_kubernetes_has_no_words_for_is_an_error(kind: Any) -> None:
    """A field that cannot be said in a definition is noticed when the definition is made, not by the API server."""
    with pytest.raises(ValueError, match="cannot be said in a CRD"):
        structural(create_model("Odd", field=(kind, ...)))
