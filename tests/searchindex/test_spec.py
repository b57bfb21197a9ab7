"""How a SearchIndex is read: names, what a change of it means, what is passed over."""

import pytest
from pydantic import ValidationError

from searchindex.collection import PAYLOAD_SCHEMA, FieldType
from searchindex.spec import HnswSettings, SearchIndexSpec, short_hash
from tests.searchindex.invalid_specs import patched, sample

SMALLEST = sample()["spec"]


def read(**change: object) -> SearchIndexSpec:
    return SearchIndexSpec.model_validate(patched(SMALLEST, change))


def test_names_are_kubernetes_names_outside_and_python_names_inside() -> None:
    """A resource is written in camelCase, and read back as it was written."""
    spec = read(schema={"fields": [{"name": "attributes.rating", "type": "float"}]}, hnsw={"efConstruct": 100})
    assert spec.hnsw == HnswSettings(m=16, ef_construct=100)
    assert spec.payload_schema.fields[0].type is FieldType.FLOAT
    assert SearchIndexSpec.model_validate(spec.model_dump(mode="json", by_alias=True)) == spec


def test_fields_of_a_later_version_are_passed_over() -> None:
    """A controller that is rolled back can still read what a newer one let in."""
    assert read(tomorrow={"a": 1}) == read()


def test_a_spec_cannot_be_changed_by_who_reads_it() -> None:
    """Decisions are made from values: nobody changes them on the way."""
    with pytest.raises(ValidationError, match="frozen"):
        read().suspend = True


@pytest.mark.parametrize(
    "change",
    [
        {"model": {"name": "ViT-B-32/laion2b_s34b_b79k"}},
        {"model": {"dim": 512}},
        {"model": {"fingerprint": "0" * 16}},
        {"vectors": {"shardNumber": 2}},
        {"vectors": {"onDisk": True}},
    ],
)
def test_what_makes_a_revision(change: dict[str, object]) -> None:
    """Another model or another layout needs another collection."""
    assert read(**change).revision_hash() != read().revision_hash()


@pytest.mark.parametrize(
    "change",
    [
        {"store": {"apiKeySecretRef": {"name": "a", "key": "b"}}},
        {"model": {"source": {"pvc": {"claimName": "models"}}}},
        {"hnsw": {"m": 32}},
        {"quantization": {"quantile": "0.95"}},
        {"replicationFactor": 2},
        {"schema": {"fields": [{"name": "a", "type": "bool"}]}},
        {"sources": [{"name": "other", "pvc": {"claimName": "other"}}]},
        {"indexing": {"shards": 4, "gpu": 1}},
        {"reclaimPolicy": "Delete"},
        {"suspend": True},
    ],
)
def test_what_makes_no_revision(change: dict[str, object]) -> None:
    """A collection that can be kept is kept: a million pictures are not encoded anew for a setting."""
    assert read(**change).revision_hash() == read().revision_hash()


def test_hash_of_a_revision_stays_what_it_is() -> None:
    """It is part of the names of collections that are out there: another hash is another collection, encoded anew."""
    assert read().revision_hash() == "38aef55e"


def test_short_hash_does_not_depend_on_the_order_of_keys() -> None:
    """Equal facts have equal hashes."""
    assert short_hash({"a": 1, "b": [2]}) == short_hash({"b": [2], "a": 1})


@pytest.mark.parametrize("name", PAYLOAD_SCHEMA)
def test_fields_of_every_picture_cannot_be_declared_anew(name: str) -> None:
    """Two types for one field would be one too many; the rule knows every one of them."""
    schema = SearchIndexSpec.model_json_schema()["$defs"]["SchemaField"]
    assert f"'{name}'" in schema["x-kubernetes-validations"][0]["rule"]
