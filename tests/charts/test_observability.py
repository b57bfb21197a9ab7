"""What the chart tells Prometheus and Grafana: nothing unless it is asked for, and then what is really there."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.charts.render import CHARTS, Manifest, Refused, notes, only, render
from tests.charts.scenarios import values_of
from tests.controller.job_samples import example, job
from tools.monitoring.alerts import ALERTS
from tools.monitoring.files import DASHBOARDS

CHART = "searchindex"
FILES = CHARTS / CHART / "files"
ON = {"observability": {"dashboards": {"enabled": True}, "prometheusRule": {"enabled": True}, "monitors": {"enabled": True}}}
MONITORS = ("ServiceMonitor", "PodMonitor")


def rendered(**observability: Any) -> list[Manifest]:
    values = {name: dict(part) for name, part in ON["observability"].items()}
    for name, part in observability.items():
        values[name] |= part
    return render(CHART, {"observability": values})


def of_kind(manifests: list[Manifest], *kinds: str) -> list[Manifest]:
    return [each for each in manifests if each["kind"] in kinds]


def test_off_by_default():
    """A cluster without the operator's definitions would refuse the whole release."""
    manifests = render(CHART)
    assert of_kind(manifests, "PrometheusRule", *MONITORS) == []
    assert [each for each in of_kind(manifests, "ConfigMap") if "dashboards" in each["metadata"]["name"]] == []


def test_dashboards_are_shipped_as_they_are():
    """Each under a name of its own among those of other charts, found by the sidecar's label, byte for byte what was tested."""
    made = only(
        rendered(dashboards={"labels": {"grafana_dashboard": "1", "team": "search"}, "namespace": "monitoring"}),
        "ConfigMap",
        "r-dashboards",
    )
    shipped = {json.loads(content)["uid"] for content in made["data"].values()}
    assert shipped == {board.uid for board in DASHBOARDS}
    for name, content in made["data"].items():
        assert content == (FILES / "dashboards" / name.removeprefix("searchindex-")).read_text("utf-8").strip()
    assert made["metadata"]["namespace"] == "monitoring"
    assert {"grafana_dashboard": "1", "team": "search"}.items() <= made["metadata"]["labels"].items()


def test_alerts_are_those_of_the_file():
    """As promtool has tried them out; a link where there is something to link to."""
    made = only(rendered(prometheusRule={"runbookUrl": "https://example.com/runbooks", "labels": {"release": "p"}}), "PrometheusRule")
    known = {
        rule["alert"]: rule for group in yaml.safe_load((FILES / "alerts.yaml").read_text("utf-8"))["groups"] for rule in group["rules"]
    }
    rules = [rule for group in made["spec"]["groups"] for rule in group["rules"]]
    for rule in rules:
        assert rule["annotations"].pop("runbook_url") == f"https://example.com/runbooks#{rule['alert'].lower()}"
        assert rule == known[rule["alert"]]
    assert {rule["alert"] for rule in rules} == {alert.name for alert in ALERTS}
    assert made["metadata"]["labels"]["release"] == "p"


@pytest.mark.parametrize(("part", "groups"), [("api", "service"), ("controller", "indexing controller")])
def test_what_is_not_installed_raises_no_alarm(part: str, groups: str):
    """`absent` would fire for ever."""
    made = only(render(CHART, {**ON, part: {"enabled": False}}), "PrometheusRule")
    assert not {f"searchindex-{each}" for each in groups.split()} & {each["name"] for each in made["spec"]["groups"]}
    assert made["spec"]["groups"]


def test_every_monitor_of_a_service_meets_one():
    """By its labels exactly one Service, with a port of that name."""
    manifests = rendered()
    monitors = of_kind(manifests, "ServiceMonitor")
    assert {each["metadata"]["name"] for each in monitors} == {"r-api", "r-qdrant", "r-otel-collector"}
    for monitor in monitors:
        wanted = monitor["spec"]["selector"]["matchLabels"].items()
        met = [each for each in of_kind(manifests, "Service") if wanted <= each["metadata"]["labels"].items()]
        for endpoint in monitor["spec"]["endpoints"]:
            with_port = [each for each in met if endpoint["port"] in {port["name"] for port in each["spec"]["ports"]}]
            assert len(with_port) == 1, (monitor["metadata"]["name"], endpoint["port"])


def test_every_monitor_of_pods_meets_them():
    """The controller's own pod, and what the controller makes of a SearchIndex; with a port of that name."""
    manifests = rendered()
    controller = only(manifests, "Deployment", "r-controller")["spec"]["template"]
    for name, pod in (("r-controller", controller), ("r-indexer", job(example())["spec"]["template"])):
        monitor = only(manifests, "PodMonitor", name)["spec"]
        assert monitor["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
        (endpoint,) = monitor["podMetricsEndpoints"]
        assert endpoint["port"] in {port["name"] for each in pod["spec"]["containers"] for port in each["ports"]}


def test_indexes_keep_their_names():
    """Pods say whose they are by the label of the controller; an index's namespace is not overwritten by the controller's."""
    manifests = rendered()
    (indexer,) = only(manifests, "PodMonitor", "r-indexer")["spec"]["podMetricsEndpoints"]
    label = "searchindex.dev/index"
    assert label in job(example())["spec"]["template"]["metadata"]["labels"]
    meta = f"__meta_kubernetes_pod_label_{label.replace('.', '_').replace('/', '_')}"
    assert indexer["relabelings"] == [{"sourceLabels": [meta], "targetLabel": "index"}]
    (controller,) = only(manifests, "PodMonitor", "r-controller")["spec"]["podMetricsEndpoints"]
    assert controller["honorLabels"] is True


@pytest.mark.parametrize("watched", [[], ["shop", "archive"]])
def test_indexing_pods_are_looked_for_where_they_are(watched: list[str]):
    """In the namespaces that the controller watches, else in all."""
    manifests = render(CHART, {**ON, "controller": {"watchNamespaces": watched}})
    expected = {"matchNames": watched} if watched else {"any": True}
    assert only(manifests, "PodMonitor", "r-indexer")["spec"]["namespaceSelector"] == expected


def test_keys_and_certificates_go_along():
    """Where API and store ask for a key, a scrape without one would be a 401; where they speak TLS, by their own authority."""
    values = {**ON, "qdrant": {"tls": {"enabled": True, "existingSecret": "q-tls"}, "auth": {"existingSecret": "q-key"}}}
    values["observability"] = {
        **ON["observability"],
        "monitors": {"enabled": True, "apiKey": {"existingSecret": "admin"}, "interval": "10s"},
    }
    manifests = render(CHART, values)
    (api,) = only(manifests, "ServiceMonitor", "r-api")["spec"]["endpoints"]
    assert (api["authorization"], api["interval"]) == ({"credentials": {"name": "admin", "key": "key"}}, "10s")
    (store,) = only(manifests, "ServiceMonitor", "r-qdrant")["spec"]["endpoints"]
    assert store["authorization"] == {"credentials": {"name": "q-key", "key": "api-key"}}
    assert (store["scheme"], store["tlsConfig"]["ca"]) == ("https", {"secret": {"name": "q-tls", "key": "ca.crt"}})


@pytest.mark.parametrize("wrong", [{"interval": "often"}, {"labels": "x"}, {"enable": True}, {"apiKey": {"existingSecret": None}}])
def test_a_wrong_value_is_refused(wrong: dict[str, Any]):
    """With its path."""
    with pytest.raises(Refused, match="observability"):
        rendered(monitors=wrong)


def test_who_is_not_let_in_is_told():
    """A monitor whose scrapes a policy or a missing key refuses would show nothing, and nobody would say why."""
    said = notes(CHART, {**ON, "api": {"apiKeys": {"existingSecret": "keys"}}})
    assert [
        word for word in ("qdrant.networkPolicy.scrapers", "otelCollector.networkPolicy.scrapers", "monitors.apiKey") if word not in said
    ] == []
    assert "Prometheus" not in notes(CHART, values_of("monitoring"))


def test_files_are_where_the_chart_looks():
    """A dashboard that is not in the folder would not be shipped, and nobody would notice."""
    assert {path.name for path in Path(FILES / "dashboards").iterdir()} == {
        f"{b.uid.removeprefix('searchindex-')}.json" for b in DASHBOARDS
    }


def test_spans_find_the_collector_from_other_namespaces():
    """Indexing pods run where their SearchIndex is, and get the address from the controller: without its namespace it would not resolve."""
    manifests = render(CHART)
    (controller,) = only(manifests, "Deployment", "r-controller")["spec"]["template"]["spec"]["containers"]
    told = {each["name"]: each.get("value") for each in controller["env"]}
    assert told["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://r-otel-collector.ns:4317"
    assert "INDEXER_IMAGE" in told
