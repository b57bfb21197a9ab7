"""The chart of the collector, alone on a cluster: spans of our own programs go in, metrics and spans come out."""

import urllib.request
from collections.abc import Callable

import pytest

from e2e.charts.helm import Helm
from e2e.kubernetes.kubectl import Kubectl, eventually
from observability.stages import Stage
from observability.telemetry import open_tracing

CHART = "searchindex/charts/otel-collector"
FAST = {"config": {"connectors": {"span_metrics": {"metrics_flush_interval": "1s"}}}}
OPENMETRICS = "application/openmetrics-text; version=1.0.0"

Send = Callable[[str], str]


@pytest.fixture(scope="module")
def warnings(helm: Helm) -> str:
    """Of two collectors: one that tells of spans in its log, and one that sends them to the first."""
    end = helm.install("end", CHART, {"export": {"logged": "detailed"}, **FAST})
    return end + helm.install("way", CHART, {"export": {"endpoint": "end-otel-collector:4317", "insecure": True}, **FAST})


@pytest.fixture
def send(warnings: str, address: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> Send:
    """Sends a request's span and one of its stages to a collector, by the service's own tracing; gives back the trace."""

    def sent(release: str) -> str:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://{address(f'{release}-otel-collector')}:4317")
        monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_on")
        tracing = open_tracing(program="searchindex-service", version="1")
        assert tracing is not None
        tracing.describe(Stage.SEARCH, {"db.collection.name": "photos", "server.address": "qdrant"})
        span = tracing.begin("POST", {})
        span.begin(Stage.SEARCH, 0.0).end(0.03, None)
        span.end("POST /search", {"http.request.method": "POST", "http.route": "/search", "http.response.status_code": 200})
        tracing.close()
        return span.trace_id

    return sent


def test_it_is_installed_without_a_warning(warnings: str, namespace: Kubectl) -> None:
    """In a namespace that admits only what is restricted; the pods started once, and complain of nothing in their configuration."""
    assert warnings == ""
    assert [each["status"]["containerStatuses"][0]["restartCount"] for each in namespace.list("pods")] == [0, 0]
    assert '"level":"warn"' not in namespace.run("logs", "deploy/way-otel-collector")


def test_a_span_comes_out_in_the_log(send: Send, namespace: Kubectl) -> None:
    """With its name, its trace and its attributes."""
    trace = send("end")
    said = eventually(lambda: trace in (text := namespace.run("logs", "deploy/end-otel-collector")) and text, "the span in the log")
    assert "POST /search" in said
    assert "db.collection.name: Str(photos)" in said


def test_spans_become_metrics_with_a_trace_to_look_at(send: Send, address: Callable[[str], str]) -> None:
    """Counts and durations, labelled as our programs label their spans; in OpenMetrics a bucket names a trace."""
    trace = send("end")
    metrics = eventually(lambda: trace in (text := scraped(address("end-otel-collector"), 8889)) and text, "the metrics of the span")
    calls = next(line for line in metrics.splitlines() if line.startswith("traces_span_metrics_calls_total{") and "/search" in line)
    assert 'http_route="/search"' in calls
    assert 'http_response_status_code="200"' in calls
    assert 'service_name="searchindex-service"' in calls
    stage = [line for line in metrics.splitlines() if 'span_name="search"' in line and "duration_seconds_bucket" in line]
    assert any('db_collection_name="photos"' in line and 'le="0.035"' in line for line in stage)


def test_it_measures_itself(send: Send, address: Callable[[str], str]) -> None:
    """What it took, and what waits."""
    send("way")
    assert "otelcol_receiver_accepted_spans" in eventually(
        lambda: "accepted_spans" in (text := scraped(address("way-otel-collector"), 8888)) and text, "its own metrics"
    )
    assert "otelcol_exporter_queue_size" in scraped(address("way-otel-collector"), 8888)


def test_spans_are_sent_on(send: Send, namespace: Kubectl) -> None:
    """From one collector to the next."""
    trace = send("way")
    eventually(lambda: trace in namespace.run("logs", "deploy/end-otel-collector"), "the span in the log of the other one")


def test_what_is_sent_while_the_end_is_away_arrives_later(send: Send, namespace: Kubectl) -> None:
    """It waits in the queue, and is sent again."""
    namespace.run("scale", "deploy/end-otel-collector", "--replicas=0")
    eventually(lambda: not namespace.list("pods", "app.kubernetes.io/instance=end"), "the end of the other one")
    trace = send("way")
    namespace.run("scale", "deploy/end-otel-collector", "--replicas=1")
    eventually(lambda: trace in namespace.run("logs", "deploy/end-otel-collector"), "the span, late", seconds=90)


def scraped(host: str, port: int) -> str:
    request = urllib.request.Request(f"http://{host}:{port}/metrics", headers={"Accept": OPENMETRICS})
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  # the address is the cluster's
        text: str = answer.read().decode()
    return text
