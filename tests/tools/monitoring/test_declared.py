"""What is declared: dashboards, alerts, their runbooks and the tests of promtool belong together."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from observability import metrics as m
from observability.metrics import Program
from tools.monitoring.alerts import ALERTS, GROUPS
from tools.monitoring.files import DASHBOARDS, FILES
from tools.monitoring.promql import Source

ROOT = Path(__file__).parents[3]
RELEASE_LIMIT = 700 * 1024  # bytes; a release's Secret has a megabyte, and the charts need some of it
SERVICE = Source(Program.SERVICE)


@pytest.mark.parametrize(
    ("ask", "word"),
    [
        (lambda: SERVICE(m.RECONCILE), "not declared"),
        (lambda: SERVICE(m.READY, pods="x"), "no label"),
        (lambda: SERVICE(m.READY, part="bucket"), "no part"),
        (lambda: SERVICE(m.REQUEST_DURATION), "no part"),
        (lambda: SERVICE(m.REQUEST_DURATION, part="bucket", le="0.06"), "no bucket"),
        (lambda: Source(None)(m.READY), "not declared"),
    ],
)
def test_what_is_not_counted_cannot_be_asked_for(ask, word: str):
    """A name that another program shows, a label or a bucket that is not there: refused where it is written."""
    with pytest.raises(ValueError, match=word):
        ask()


def panels() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, make in FILES.items():
        if name.endswith(".json"):
            yield from ((name, panel) for panel in json.loads(make())["panels"] if panel["type"] != "row")


def test_every_panel_answers_a_question():
    """It says which, and its unit; it asks at least once."""
    for name, panel in panels():
        assert re.search(r"[?.]$", panel["description"]), (name, panel["title"])
        assert panel["targets"], (name, panel["title"])
        assert panel["fieldConfig"]["defaults"]["unit"], (name, panel["title"])


def test_panels_do_not_overlap():
    """Grafana would push them about; and none stands out of the 24 columns."""
    for name in {name for name, _ in panels()}:
        taken: set[tuple[int, int]] = set()
        for panel in json.loads(FILES[name]())["panels"]:
            at = panel["gridPos"]
            cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            assert not cells & taken, (name, panel["title"])
            assert at["x"] + at["w"] <= 24
            taken |= cells


def test_a_dashboard_uses_what_it_lets_choose():
    """Every variable of a query can be chosen, and every choice changes something."""
    for board in DASHBOARDS:
        used = set(re.findall(r"\$(?!__)(\w+)", " ".join(query.expression for query in board.queries)))
        assert used == {variable.name for variable in board.variables}, board.uid


def test_exemplars_are_asked_of_histograms():
    """Nothing else has any."""
    for _, panel in panels():
        for target in panel["targets"]:
            assert not target.get("exemplar") or "_bucket" in target["expr"]


def test_the_files_fit_into_a_release():
    """All that the chart ships for Grafana and Prometheus lies in the release's Secret twice: as files, and rendered."""
    assert 2 * sum(len(make().encode()) for make in FILES.values()) < RELEASE_LIMIT / 2


def test_every_alert_has_a_runbook_and_every_runbook_an_alert():
    """Whoever is woken at night finds what to look at, by the alert's name; no section is about nothing."""
    text = (ROOT / "docs/runbooks.md").read_text("utf-8")
    sections = re.split(r"^### ", text, flags=re.MULTILINE)[1:]
    assert {section.split("\n")[0] for section in sections} == {alert.name for alert in ALERTS}
    for section in sections:
        assert all(f"**{part}.**" in section for part in ("Meaning", "Impact", "Look", "Do")), section[:40]


def test_alerts_are_named_once_and_say_where():
    """A summary without the labels that the alert keeps would not say whose it is."""
    assert len({alert.name for alert in ALERTS}) == len(ALERTS)
    for alert in ALERTS:
        assert alert.summary.endswith(".")
        assert alert.description
        kept = re.findall(r"by \(([^)]*)\)", alert.when)
        for label in re.findall(r"\$labels\.(\w+)", alert.summary + alert.description):
            assert all(label in each.split(", ") for each in kept), (alert.name, label)


def test_promtool_tries_out_every_alert_both_ways():
    """In e2e/monitoring: for each a case in which it fires, and one in which it does not."""
    cases = yaml.safe_load((ROOT / "e2e/monitoring/alerts_test.yaml").read_text("utf-8"))["tests"]
    asked = [(each["alertname"], bool(each.get("exp_alerts"))) for case in cases for each in case["alert_rule_test"]]
    names = {alert.name for group in GROUPS for alert in group.alerts}
    assert {name for name, fires in asked if fires} == names
    assert {name for name, fires in asked if not fires} == names
