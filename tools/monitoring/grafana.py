"""A dashboard as a value, and as the JSON that Grafana reads. Panels flow from left to right; `width` is of 24 columns.

Source of the fields: Grafana documentation, "Dashboard JSON model", and its panels' options.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Document = dict[str, Any]

COLUMNS, HEIGHT, STAT_HEIGHT = 24, 8, 4
SCHEMA_VERSION = 39
PROMETHEUS = {"type": "prometheus", "uid": "${datasource}"}


@dataclass(frozen=True, slots=True)
class Query:
    """`exemplars`: whether traces are shown as points; of histograms alone."""

    expression: str
    legend: str = ""
    exemplars: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """`asks`: the question that it answers. `kind`: `timeseries`, `stat`, `table`, `heatmap`. `limit`: where a red line is drawn."""

    title: str
    asks: str
    queries: Sequence[Query]
    unit: str = "short"
    kind: str = "timeseries"
    width: int = 8
    limit: float | None = None
    bad_above: bool = True


def panel(title: str, asks: str, *queries: Query | str, **shown: Any) -> Panel:
    """A panel of queries; one that is a string alone needs no legend."""
    return Panel(title=title, asks=asks, queries=[each if isinstance(each, Query) else Query(each) for each in queries], **shown)


def stat(title: str, asks: str, query: str, **shown: Any) -> Panel:
    """One number."""
    return panel(title, asks, query, kind="stat", width=4, **shown)


@dataclass(frozen=True, slots=True)
class Row:
    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """`query`: a label's values as Grafana asks Prometheus for them; or `choices`, a fixed list. The first choice is the default."""

    name: str
    query: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """`uid` stays: links lead to it."""

    uid: str
    title: str
    about: str
    rows: Sequence[Row]
    variables: Sequence[Variable] = field(default_factory=tuple)

    @property
    def queries(self) -> list[Query]:
        return [query for row in self.rows for panel in row.panels for query in panel.queries]


def document(dashboard: Dashboard) -> str:
    """As it is written: without needless spaces, as it travels in a ConfigMap and in the release's Secret."""
    source = {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"}
    made = {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "description": dashboard.about,
        "tags": ["searchindex"],
        "schemaVersion": SCHEMA_VERSION,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "templating": {"list": [source, *map(_variable, dashboard.variables)]},
        "links": [{"type": "dashboards", "tags": ["searchindex"], "title": "searchindex", "asDropdown": True, "includeVars": True}],
        "panels": _laid_out(dashboard.rows),
    }
    return json.dumps(made, ensure_ascii=False, separators=(",", ":")) + "\n"


def _variable(variable: Variable) -> Document:
    if variable.choices:
        options = [{"text": each, "value": each, "selected": not at} for at, each in enumerate(variable.choices)]
        shown = {"query": ",".join(variable.choices), "options": options, "current": options[0]}
        return {"name": variable.name, "type": "custom", **shown}
    every = {"text": "All", "value": "$__all"}
    query = {"query": variable.query, "refId": variable.name}
    asked = {"datasource": PROMETHEUS, "query": query, "definition": variable.query, "refresh": 2, "sort": 1}
    return {"name": variable.name, "type": "query", **asked, "multi": True, "includeAll": True, "allValue": ".*", "current": every}


def _laid_out(rows: Sequence[Row]) -> list[Document]:
    made: list[Document] = []
    y = 0
    for row in rows:
        made.append({"id": len(made) + 1, "type": "row", "title": row.title, "collapsed": False, "gridPos": _at(0, y, COLUMNS, 1)})
        x, y, tallest = 0, y + 1, 0
        for panel in row.panels:
            height = STAT_HEIGHT if panel.kind == "stat" else HEIGHT
            if x + panel.width > COLUMNS:
                x, y, tallest = 0, y + tallest, 0
            made.append({"id": len(made) + 1, "gridPos": _at(x, y, panel.width, height), **_panel(panel)})
            x, tallest = x + panel.width, max(tallest, height)
        y += tallest
    return made


def _at(x: int, y: int, width: int, height: int) -> Document:
    return {"x": x, "y": y, "w": width, "h": height}


def _panel(panel: Panel) -> Document:
    targets = [_target(panel, query, chr(ord("A") + at)) for at, query in enumerate(panel.queries)]
    shown = {"type": panel.kind, "title": panel.title, "description": panel.asks, "datasource": PROMETHEUS, "targets": targets}
    return {**shown, "fieldConfig": {"defaults": _defaults(panel), "overrides": []}, "options": _options(panel)}


def _target(panel: Panel, query: Query, ref: str) -> Document:
    made: Document = {"refId": ref, "expr": query.expression, "legendFormat": query.legend or "__auto"}
    if panel.kind in {"stat", "table"}:
        made |= {"instant": True, "format": "table" if panel.kind == "table" else "time_series"}
    if panel.kind == "heatmap":
        made |= {"format": "heatmap"}
    return made | ({"exemplar": True} if query.exemplars else {})


def _defaults(panel: Panel) -> Document:
    made: Document = {"unit": panel.unit, "min": 0} if panel.unit != "dateTimeAsIso" else {"unit": panel.unit}
    if panel.limit is None:
        return made
    good, bad = ("green", "red") if panel.bad_above else ("red", "green")
    steps = [{"color": good, "value": None}, {"color": bad, "value": panel.limit}]
    drawn = {"custom": {"thresholdsStyle": {"mode": "line"}}} if panel.kind == "timeseries" else {}
    return made | {"thresholds": {"mode": "absolute", "steps": steps}} | drawn


def _options(panel: Panel) -> Document:
    if panel.kind == "stat":
        return {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "value", "graphMode": "area"}
    if panel.kind == "heatmap":
        return {"calculate": False, "yAxis": {"unit": panel.unit}, "exemplars": {"color": "rgba(255,0,255,0.7)"}, "legend": {"show": False}}
    if panel.kind == "timeseries":
        return {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi", "sort": "desc"}}
    return {}
