"""The chart's monitors and rules by the Prometheus operator's own definitions, from its Go module."""

import json
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from e2e.monitoring.programs import find_go, missing
from tests.charts.test_observability import MONITORS, of_kind, rendered

MODULE = "github.com/prometheus-operator/prometheus-operator@v0.85.0"
SUM = "h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s="
KINDS = ("PrometheusRule", *MONITORS)
OPEN = ("x-kubernetes-preserve-unknown-fields", "additionalProperties")


@pytest.fixture(scope="module")
def definitions() -> dict[str, dict[str, Any]]:
    """Kind -> schema, closed as the API server closes it where it validates strictly."""
    done = subprocess.run(
        [find_go(), "mod", "download", "-json", MODULE], capture_output=True, text=True, check=False, timeout=100, cwd="/"
    )
    if done.returncode:
        missing(f"{MODULE} cannot be had: {done.stderr[-300:]}")
    told = json.loads(done.stdout)
    assert told["Sum"] == SUM
    found = {}
    for kind in KINDS:
        path = Path(told["Dir"]) / f"example/prometheus-operator-crd/monitoring.coreos.com_{kind.lower()}s.yaml"
        definition = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)["spec"]
        found[kind] = closed(definition["versions"][0]["schema"]["openAPIV3Schema"])
    return found


def closed(schema: Any) -> Any:
    """No members but those that are named. Without patterns: they are Go's, which Python does not read."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: closed(each) for name, each in schema.items() if name != "pattern"}
    free = "properties" not in schema or any(schema.get(name) for name in OPEN) or not isinstance(schema["properties"], dict)
    return made if free or schema.get("type") != "object" else made | {"additionalProperties": False}


@pytest.mark.parametrize("kind", KINDS)
def test_the_operator_takes_it(definitions: dict[str, dict[str, Any]], kind: str):
    """With all that can be set; a misspelt member would be dropped in silence, and nothing scraped."""
    monitors = {"labels": {"release": "p"}, "apiKey": {"existingSecret": "admin"}}
    made = of_kind(rendered(monitors=monitors, prometheusRule={"runbookUrl": "https://example.com"}), kind)
    assert made
    schema = {**definitions[kind], "properties": definitions[kind]["properties"] | {"metadata": {}}}
    for manifest in made:
        jsonschema.validate(manifest, schema)
