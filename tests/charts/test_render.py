"""The harness that every chart test rests on."""

from pathlib import Path

import pytest

from tests.charts.render import NAMESPACE, Refused, notes, only, pod_of, render


def test_what_helm_renders_is_what_a_test_sees() -> None:
    """Values reach the templates, and the manifests come back with the release's names."""
    deployment = only(render("searchindex", {"controller": {"logLevel": "DEBUG"}}), "Deployment", "r-controller")
    said = {each["name"]: each.get("value") for each in pod_of(deployment)["containers"][0]["env"]}
    assert (deployment["metadata"]["namespace"], said["LOG_LEVEL"]) == (NAMESPACE, "DEBUG")


def test_a_caller_may_change_what_it_got() -> None:
    """The cache hands out copies: one test cannot disturb the next."""
    render("searchindex")[0]["kind"] = "Changed"
    assert all(each["kind"] != "Changed" for each in render("searchindex"))


def test_what_helm_refuses_is_told_in_its_own_words() -> None:
    """A chart that fails to render is a Refused, not an empty list."""
    with pytest.raises(Refused, match="not found"):
        render("nowhere")


def test_one_is_one() -> None:
    """A test that asks for the only object of a kind learns what there is instead."""
    with pytest.raises(AssertionError, match=r"0 of Deployment/other among .*Deployment/r-controller"):
        only(render("searchindex"), "Deployment", "other")


def test_notes_are_what_the_person_is_told(tmp_path: Path) -> None:
    """Notes are rendered with the values that are given; a chart without notes tells nothing."""
    chart = tmp_path / "told"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("{apiVersion: v2, name: told, version: 0.1.0}")
    assert notes(chart) == ""
    (chart / "templates/NOTES.txt").write_text("{{- with .Values.name }}\n'{{ . }}' of {{ $.Release.Name }}: ask it.\n{{- end }}\n")
    assert notes(chart, {"name": "a"}) == "'a' of r: ask it."
