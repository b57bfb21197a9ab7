"""The reference of the resource leaves nothing out."""

import yaml

from searchindex.crd import crd, resource_schema
from tests.searchindex.schema_values import nodes
from tools.resource import definition, reference_page


def test_definition_is_the_same_after_reading() -> None:
    """YAML has its own ideas about some words and numbers; none of them changes what is installed."""
    assert yaml.safe_load(definition()) == crd()


def test_every_field_and_sentence_is_on_the_page() -> None:
    """Whoever looks a field up finds it, with the sentence of what refuses it."""
    page = reference_page("")

    for path, node in nodes(resource_schema()["properties"]["spec"]):
        name = path.rpartition(".")[2]
        assert f"| `{name}` |" in page or not name or name.endswith(("[]", "{}")), path
        assert all(rule["message"].replace("|", "\\|") in page for rule in node.get("x-kubernetes-validations", [])), path
