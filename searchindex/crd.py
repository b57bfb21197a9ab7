"""The CustomResourceDefinition, made from `spec.py` and `status.py`; `make generate` writes it into the chart.

Kubernetes takes a structural schema: no references, a type everywhere, no unions. What pydantic says in other words is said in
these here; a keyword that has no such words is an error, not a surprise at the API server.
Source: Kubernetes documentation, "Extend the Kubernetes API with CustomResourceDefinitions", structural schemas and defaulting.
"""

from typing import Any

from pydantic import BaseModel

from searchindex.spec import GROUP, KIND, PLURAL, VERSION, SearchIndexSpec
from searchindex.spec_rules import rule
from searchindex.status import SearchIndexStatus

Schema = dict[str, Any]

NAME_LENGTH = 40  # with revision, hash and shard, the host name of an indexing pod stays within the 63 characters of a DNS label
KEPT = frozenset(
    {"type", "description", "format", "enum", "pattern", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems"}
    | {"minProperties", "maxProperties", "required", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-validations"}
    | {"x-kubernetes-list-type", "x-kubernetes-list-map-keys"}
)
COLUMNS = (  # name, type, path, whether only `-o wide` shows it
    ("Ready", "string", '.status.conditions[?(@.type=="Ready")].status', False),
    ("Reason", "string", '.status.conditions[?(@.type=="Ready")].reason', False),
    ("Model", "string", ".spec.model.name", False),
    ("Points", "integer", ".status.active.points", False),
    ("Progress", "integer", ".status.indexing.percent", False),
    ("Revision", "integer", ".status.active.revision", False),
    ("Failed", "integer", ".status.indexing.failed", True),
    ("Collection", "string", ".status.active.collection", True),
    ("Age", "date", ".metadata.creationTimestamp", False),
)


def crd() -> Schema:
    """The whole object, as `kubectl apply` takes it."""
    single = KIND.lower()
    names = {"kind": KIND, "listKind": f"{KIND}List", "plural": PLURAL, "singular": single, "shortNames": ["si"], "categories": [single]}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{PLURAL}.{GROUP}", "annotations": {}},
        "spec": {"group": GROUP, "scope": "Namespaced", "names": names, "versions": [_version()]},
    }


def _version() -> Schema:
    scale = {
        "specReplicasPath": ".spec.indexing.parallelism",
        "statusReplicasPath": ".status.indexingPods",
        "labelSelectorPath": ".status.selector",
    }
    return {
        "name": VERSION,
        "served": True,
        "storage": True,
        "subresources": {"status": {}, "scale": scale},
        "additionalPrinterColumns": [
            {"name": name, "type": kind, "jsonPath": path} | ({"priority": 1} if wide else {}) for name, kind, path, wide in COLUMNS
        ],
        "schema": {"openAPIV3Schema": resource_schema()},
    }


def resource_schema() -> Schema:
    """The resource. A new one says that no generation was observed yet: whoever waits for it does not take it for done."""
    return {
        "type": "object",
        "description": "An index of pictures that can be searched with words: a collection in Qdrant, kept as the spec says.",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string", "description": f"{GROUP}/{VERSION}"},
            "kind": {"type": "string", "description": KIND},
            "metadata": {"type": "object", "properties": {"name": {"type": "string", "maxLength": 253}}},  # a bound for the rules' cost
            "spec": structural(SearchIndexSpec),
            "status": structural(SearchIndexStatus, defaults=False) | {"default": {"observedGeneration": 0}},
        },
        "x-kubernetes-validations": [
            rule(
                f"self.metadata.name.size() <= {NAME_LENGTH}",
                f"The name of a SearchIndex has at most {NAME_LENGTH} characters, its Jobs are named after it: choose a shorter one.",
            ),
            rule(
                "!self.metadata.name.contains('.')",
                "The name of a SearchIndex has no dots, its pods are named after it: write '-' instead.",
            ),
        ],
    }


def structural(model: type[BaseModel], *, defaults: bool = True) -> Schema:
    """The model as a structural schema. Without `defaults` for what is written whole, as a status is."""
    raw = model.model_json_schema(by_alias=True)
    return _node(raw, raw.get("$defs", {}), defaults=defaults)


def _node(raw: Schema, known: dict[str, Schema], *, defaults: bool) -> Schema:
    raw = _flat(raw, known)
    node = {key: value for key, value in raw.items() if key in KEPT}
    if "properties" in raw:
        node["properties"] = {name: _node(part, known, defaults=defaults) for name, part in raw["properties"].items()}
    if "items" in raw:
        node["items"] = _node(raw["items"], known, defaults=defaults)
        node.setdefault("x-kubernetes-list-type", "atomic")
    if isinstance(raw.get("additionalProperties"), dict):
        node["additionalProperties"] = _node(raw["additionalProperties"], known, defaults=defaults)
    if defaults and raw.get("default") is not None:
        node["default"] = {} if "properties" in raw else raw["default"]  # the parts have defaults of their own
    return _checked(node, raw)


def _flat(raw: Schema, known: dict[str, Schema]) -> Schema:
    """References inlined, `X or null` as X (the API server drops nulls), one allowed value as an enumeration. What stands nearer wins."""
    if "$ref" in raw:
        return _flat(known[raw["$ref"].rpartition("/")[2]] | _without(raw, "$ref"), known)
    if "anyOf" in raw:
        options = [option for option in raw["anyOf"] if option != {"type": "null"}]
        return _flat(options[0] | _without(raw, "anyOf"), known) if len(options) == 1 else raw
    if "const" in raw:
        return _without(raw, "const") | {"enum": [raw["const"]]}
    return raw


def _without(raw: Schema, key: str) -> Schema:
    return {name: value for name, value in raw.items() if name != key}


def _checked(node: Schema, raw: Schema) -> Schema:
    unknown = set(raw) - KEPT - {"properties", "items", "additionalProperties", "default", "title", "$defs"}
    if unknown or "type" not in node:
        raise ValueError(f"{raw.get('title', raw)} cannot be said in a CRD: {', '.join(sorted(unknown)) or 'it has no type'}.")
    return node
