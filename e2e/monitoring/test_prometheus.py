"""Dashboards and alerts in a real Prometheus that scrapes the real programs."""

import json
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from e2e.monitoring.programs import BUILD_SECONDS, HOST, start_collector, start_prometheus
from observability.metrics import Program
from tests.engines import QdrantServer, RedisServer, free_ports
from tests.tools.monitoring.live import Live, get, live, search, wait_for
from tests.tools.monitoring.selectors import filled_in
from tools.monitoring.files import DASHBOARDS

RULES = Path(__file__).parents[2] / "charts/searchindex/files/alerts.yaml"
TRACE = "a" * 32  # of the callers in `live`
FAILED_SPANS = 'rate(traces_span_metrics_duration_seconds_count{span_name="POST /search", status_code="STATUS_CODE_ERROR"}[1m])'
CHART_PORTS = (4317, 4318, 8889, 8888, 13133)

pytestmark = pytest.mark.timeout(BUILD_SECONDS)


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory, qdrant_server: QdrantServer, redis_server: RedisServer) -> Iterator[int]:
    """Its port, once it has seen everything twice."""
    folder = tmp_path_factory.mktemp("prometheus")
    port, *ports = free_ports(1 + len(CHART_PORTS))
    chosen = dict(zip(CHART_PORTS, ports, strict=True))
    collector = start_collector(folder, chosen, folder / "spans.json")
    try:
        with live(qdrant_server, redis_server, otlp=f"http://{HOST}:{chosen[4317]}") as programs:
            engine = start_prometheus(folder, config(programs, qdrant_server.http_port, chosen[8889]), port)
            try:
                _seen(port, programs)
                yield port
            finally:
                engine.stop()
    finally:
        collector.stop()


def config(programs: Live, qdrant: int, collector: int) -> dict[str, Any]:
    """As the chart's monitors would have it made."""
    targets = {program.value: port for program, port in programs.ports.items()} | {"qdrant": qdrant, "collector": collector}
    jobs = []
    for name, port in targets.items():
        labels = {"namespace": "shop", "pod": f"{name}-0"} | ({"index": "photos"} if name == Program.JOBS.value else {})
        theirs = name == Program.CONTROLLER.value
        jobs.append({"job_name": name, "honor_labels": theirs, "static_configs": [{"targets": [f"{HOST}:{port}"], "labels": labels}]})
    return {"global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": [str(RULES)], "scrape_configs": jobs}


def _seen(port: int, programs: Live) -> None:
    wait_for(lambda: len(ask(port, "min_over_time(up[3s]) == 1 and count_over_time(up[3s]) > 1")) == len(programs.ports) + 2)
    for number in range(5):
        search(programs.ports[Program.SERVICE], f"while it is looked at {number}")
    wait_for(lambda: ask(port, FAILED_SPANS))  # the collector tells of spans every 15 seconds


def ask(port: int, expression: str) -> list[Any]:
    """The result. AssertionError with what Prometheus says where it refuses."""
    answer = json.loads(get(port, f"/api/v1/query?{urllib.parse.urlencode({'query': expression})}") or '{"status": "refused"}')
    assert answer["status"] == "success", (expression, answer)
    return list(answer["data"]["result"])


@pytest.mark.parametrize("board", DASHBOARDS, ids=lambda board: board.uid)
def test_every_panel_shows_something(prometheus: int, board):
    """A panel that stays empty with everything running asks for what there is not."""
    empty = [query.expression for query in board.queries if not ask(prometheus, filled_in(query.expression))]
    assert empty == []


def test_every_alert_is_evaluated(prometheus: int):
    """None meets an error: many-to-many matches show only with real series."""

    def evaluated() -> bool:
        groups = json.loads(get(prometheus, "/api/v1/rules"))["data"]["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        assert {rule["health"] for rule in rules} <= {"ok", "unknown"}, rules
        return all(rule["health"] == "ok" for rule in rules)

    wait_for(evaluated)


def test_a_bar_leads_to_its_trace(prometheus: int):
    """Prometheus keeps the exemplars of the searches' latency."""
    query = urllib.parse.urlencode({"query": "searchindex_request_duration_seconds_bucket", "start": "0", "end": "9999999999"})
    found = json.loads(get(prometheus, f"/api/v1/query_exemplars?{query}"))["data"]
    assert TRACE in {exemplar["labels"]["trace_id"] for each in found for exemplar in each["exemplars"]}
