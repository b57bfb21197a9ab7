"""The installations of `charts/searchindex/ci`: what each changes, rendered as a cluster of its kind would."""

from typing import Any

import yaml

from tests.charts.render import CHARTS, Manifest, render

FILES = {file.name.removesuffix("-values.yaml"): file for file in sorted((CHARTS / "searchindex/ci").glob("*-values.yaml"))}
APIS = ("keda.sh/v1alpha1", "gateway.networking.k8s.io/v1", "monitoring.coreos.com/v1")


def values_of(scenario: str) -> Any:
    return yaml.safe_load(FILES[scenario].read_text("utf-8"))


def rendered(scenario: str, *, kubernetes: str = "1.35.0") -> list[Manifest]:
    """By default as for the first Kubernetes that has all that a scenario asks for."""
    return render("searchindex", values_of(scenario), kubernetes=kubernetes, apis=APIS)


def pods(manifests: list[Manifest]) -> list[tuple[str, Manifest]]:
    """The spec of every pod that comes of them, and what makes it."""
    found = []
    for each in manifests:
        spec = each.get("spec", {})
        name = f"{each['kind']}/{each['metadata']['name']}"
        if each["kind"] == "Pod":
            found.append((name, spec))
        elif "template" in spec and "spec" in spec["template"]:
            found.append((name, spec["template"]["spec"]))
    return found
