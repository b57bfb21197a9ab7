"""The chart of the collector: what it takes, what it makes of it, where that goes."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from observability.metrics import MILLISECONDS
from tests.charts.render import Manifest, Refused, notes, only, pod_of, render

ROOT = Path(__file__).parents[2]
UNITS = {"ms": 1, "s": 1000}


def rendered(**values: object) -> list[Manifest]:
    return render("searchindex/charts/otel-collector", values)


def container(**values: object) -> Manifest:
    found: Manifest = pod_of(only(rendered(**values), "Deployment"))["containers"][0]
    return found


def configuration(**values: object) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(only(rendered(**values), "ConfigMap")["data"]["config.yaml"])
    return found


def test_spans_are_counted_and_told_of_where_there_is_nobody_to_send_them_to() -> None:
    """The log takes the place of an endpoint; metrics are made in any case."""
    found = configuration()
    assert found["service"]["pipelines"]["traces"]["exporters"] == ["span_metrics", "debug"]
    assert found["service"]["pipelines"]["metrics/spans"] == {"receivers": ["span_metrics"], "exporters": ["prometheus"]}
    assert found["exporters"].keys() == {"prometheus", "debug"}
    assert configuration(export={"logged": "detailed"})["exporters"]["debug"] == {"verbosity": "detailed"}


def test_spans_go_to_an_endpoint() -> None:
    """Over TLS unless that is switched off; what waits is bounded, in number and in time."""
    found = configuration(export={"endpoint": "tempo.tracing:4317", "queueSize": 10})
    assert found["service"]["pipelines"]["traces"]["exporters"] == ["span_metrics", "otlp_grpc"]
    sent = found["exporters"]["otlp_grpc"]
    assert (sent["endpoint"], sent["tls"]) == ("tempo.tracing:4317", {"insecure": False})
    assert sent["sending_queue"]["queue_size"] == 10
    assert sent["retry_on_failure"]["max_elapsed_time"] == "300s"
    assert "debug" not in found["exporters"]


def test_what_it_says_of_itself_to_the_endpoint_comes_from_a_secret() -> None:
    """The ConfigMap names a variable only."""
    export = {"endpoint": "tempo.example.com:443", "existingSecret": "mine", "existingSecretKey": "token"}
    assert configuration(export=export)["exporters"]["otlp_grpc"]["headers"] == {"authorization": "${env:EXPORT_AUTHORIZATION}"}
    given = next(each for each in container(export=export)["env"] if each["name"] == "EXPORT_AUTHORIZATION")
    assert given["valueFrom"]["secretKeyRef"] == {"name": "mine", "key": "token"}


def test_every_component_that_is_configured_is_used_and_the_other_way_round() -> None:
    """Neither with an endpoint nor without is anything left over or missing."""
    for values in ({}, {"export": {"endpoint": "tempo:4317"}}):
        found = configuration(**values)
        used: dict[str, set[str]] = {"extensions": set(found["service"]["extensions"])}
        for pipeline in found["service"]["pipelines"].values():
            for kind, names in pipeline.items():
                used.setdefault(kind, set()).update(names)
        connectors = set(found["connectors"])
        assert connectors == used["receivers"] & used["exporters"]
        for kind in ("extensions", "receivers", "processors", "exporters"):
            assert set(found[kind]) == used[kind] - connectors, kind


def test_what_spans_are_counted_by_is_what_the_programs_put_on_them() -> None:
    """A dimension that nobody sets would be an empty label; a value of many kinds would be a series for each."""
    names = [each["name"] for each in configuration()["connectors"]["span_metrics"]["dimensions"]]
    written = "".join(file.read_text("utf-8") for folder in ("service", "observability") for file in (ROOT / folder).glob("*.py"))
    assert [name for name in names if f'"{name}"' not in written] == []
    assert not {"url.path", "server.address"} & set(names)


def test_durations_of_spans_and_of_requests_have_the_same_buckets() -> None:
    """So that one can be laid over the other, in seconds; each bucket has a trace to look at."""
    found = configuration()
    histogram = found["connectors"]["span_metrics"]["histogram"]
    parts = [re.fullmatch(r"(\d+)(ms|s)", each) for each in histogram["explicit"]["buckets"]]
    assert [int(each[1]) * UNITS[each[2]] for each in parts if each] == list(MILLISECONDS)
    assert histogram["unit"] == "s"
    assert found["connectors"]["span_metrics"]["exemplars"]["enabled"] is True
    assert found["exporters"]["prometheus"]["enable_open_metrics"] is True


def test_memory_is_bounded_from_within_before_it_is_from_without() -> None:
    """One number: the container's limit; the collector refuses spans below it, before anything else is done with them."""
    found = container(memoryMiB=500, resources={"limits": {"cpu": "1"}})
    assert found["resources"] == {"requests": {"cpu": "50m", "memory": "250Mi"}, "limits": {"cpu": "1", "memory": "500Mi"}}
    assert {"name": "GOMEMLIMIT", "value": "400MiB"} in found["env"]
    said = configuration(memoryMiB=500)
    assert said["processors"]["memory_limiter"] == {"check_interval": "1s", "limit_mib": 400, "spike_limit_mib": 80}
    assert said["service"]["pipelines"]["traces"]["processors"][0] == "memory_limiter"


def test_every_port_that_is_served_is_one_that_something_listens_on() -> None:
    """Service, container and configuration agree; probes ask the extension that is for it."""
    found = configuration()
    listening = {
        "otlp-grpc": found["receivers"]["otlp"]["protocols"]["grpc"]["endpoint"],
        "otlp-http": found["receivers"]["otlp"]["protocols"]["http"]["endpoint"],
        "metrics": found["exporters"]["prometheus"]["endpoint"],
        "self-metrics": f":{found['service']['telemetry']['metrics']['readers'][0]['pull']['exporter']['prometheus']['port']}",
        "health": found["extensions"]["health_check"]["endpoint"],
    }
    assert {each["name"]: f":{each['containerPort']}" for each in container()["ports"]} == listening
    served = {each["name"]: f":{each['port']}" for each in only(rendered(), "Service")["spec"]["ports"]}
    assert served == {name: port for name, port in listening.items() if name != "health"}
    assert {each["httpGet"]["port"] for name, each in container().items() if name.endswith("Probe")} == {"health"}


def test_more_configuration_is_laid_over() -> None:
    """And leaves alone what it does not name."""
    found = configuration(config={"processors": {"batch": {"timeout": "5s"}}})
    assert found["processors"]["batch"] == {"timeout": "5s", "send_batch_size": 512, "send_batch_max_size": 2048}


def test_the_way_to_the_endpoint_is_open_and_no_other() -> None:
    """By its port: an address outside cannot be named in a NetworkPolicy. Scrapers and senders have their own ports."""
    scrapers = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]
    policy = only(rendered(export={"endpoint": "https://tempo:4317"}, networkPolicy={"scrapers": scrapers}), "NetworkPolicy")["spec"]
    assert [[port["port"] for port in rule["ports"]] for rule in policy["egress"]] == [[53, 53], [4317]]
    assert [[port["port"] for port in rule["ports"]] for rule in policy["ingress"]] == [
        ["otlp-grpc", "otlp-http"],
        ["metrics", "self-metrics"],
    ]
    assert len(only(rendered(), "NetworkPolicy")["spec"]["egress"]) == 1


def test_several_are_not_all_drained_at_once() -> None:
    """One at a time; a single one does not hold up a drain."""
    assert only(rendered(replicas=2), "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1
    assert [each for each in rendered() if each["kind"] == "PodDisruptionBudget"] == []


@pytest.mark.parametrize(
    ("export", "sentence"),
    [
        ({"existingSecret": "mine"}, "export.existingSecret is for an endpoint"),
        ({"endpoint": "tempo:4317", "insecure": True, "existingSecret": "mine"}, "would send what export.existingSecret holds"),
        ({"endpoint": "tempo"}, "export.endpoint: Does not match pattern"),
    ],
)
def test_what_contradicts_itself_is_refused_with_a_sentence(export: dict[str, object], sentence: str) -> None:
    """Before anything is installed."""
    with pytest.raises(Refused) as refused:
        rendered(export=export)
    assert sentence in str(refused.value)


def test_notes_say_how_to_send_to_it() -> None:
    """As the variable that our programs read; and where the spans end up."""
    assert "OTEL_EXPORTER_OTLP_ENDPOINT=http://r-otel-collector.ns:4317" in notes("searchindex/charts/otel-collector")
    assert "Spans go to its log" in notes("searchindex/charts/otel-collector")
    assert "Spans go to its log" not in notes("searchindex/charts/otel-collector", {"export": {"endpoint": "tempo:4317"}})
