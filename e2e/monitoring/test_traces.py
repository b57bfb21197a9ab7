"""Traces of a search and of an indexing run at a real collector, and what happens while it is away."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from e2e.monitoring.programs import BUILD_SECONDS, HOST, start_collector
from tests.engines import Engine, QdrantServer, free_ports
from tests.tools.monitoring.live import MODEL, ROOT, get, process, search, wait_for

CHART_PORTS = (4317, 4318, 8889, 8888, 13133)
SERVER, CLIENT = 2, 3  # kinds of spans in OTLP
FAILED = "searchindex_spans_dropped_total"
STAGES = {"validate", "cache", "encode", "search", "assemble"}

pytestmark = pytest.mark.timeout(BUILD_SECONDS)

Span = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """`spans` is the collector's file."""

    collector: Engine
    endpoint: str
    spans: Path
    service: int

    def of(self, trace: str) -> list[Span]:
        lines = [json.loads(line) for line in self.spans.read_text("utf-8").splitlines()] if self.spans.exists() else []
        scopes = [scope for line in lines for each in line["resourceSpans"] for scope in each["scopeSpans"]]
        return [span for scope in scopes for span in scope["spans"] if span["traceId"] == trace]

    def whole(self, trace: str, root: str) -> list[Span]:
        """Once the root has come, which ends last."""
        wait_for(lambda: any(span["name"] == root for span in self.of(trace)))
        return self.of(trace)

    def dropped(self) -> float:
        shown = get(self.service, "/metrics").splitlines()
        return sum(float(line.split()[-1]) for line in shown if line.startswith(f"{FAILED}{{"))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, qdrant_server: QdrantServer) -> Iterator[Place]:
    """An index of some pictures, a service over it, and a collector."""
    folder = tmp_path_factory.mktemp("traces")
    service, *ports = free_ports(1 + len(CHART_PORTS))
    chosen = dict(zip(CHART_PORTS, ports, strict=True))
    endpoint = f"http://{HOST}:{chosen[4317]}"
    collector = start_collector(folder, chosen, folder / "spans.json")
    store = {"QDRANT_HOST": qdrant_server.host, "QDRANT_PORT": str(qdrant_server.http_port)}
    store |= {"QDRANT_GRPC_PORT": str(qdrant_server.grpc_port), "QDRANT_COLLECTION": f"traces-{os.getpid()}"}
    tracing = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_BSP_SCHEDULE_DELAY": "200", "OTEL_EXPORTER_OTLP_TIMEOUT": "2"}
    index(store | tracing)
    try:
        with process("service", **store, **tracing, API_HOST=HOST, API_PORT=str(service)):
            wait_for(lambda: get(service, "/readyz"))
            yield Place(collector, endpoint, folder / "spans.json", service)
    finally:
        collector.stop()


def index(settings: dict[str, str], trace: str = "c" * 32) -> None:
    pictures = {"IMAGE_DIR": str(ROOT / "samples/pictures/flags"), "INDEX_BATCH_SIZE": "16", "TERMINATION_MESSAGE_PATH": os.devnull}
    environment = os.environ | MODEL | settings | pictures | {"TRACEPARENT": traceparent(trace)}
    subprocess.run([sys.executable, "-m", "jobs", "index"], cwd=ROOT, env=environment, check=True, capture_output=True, timeout=120)


def traceparent(trace: str) -> str:
    return f"00-{trace}-{'b' * 16}-01"


def attributes(span: Span) -> dict[str, Any]:
    return {each["key"]: next(iter(each["value"].values())) for each in span["attributes"]}


def asked(place: Place) -> str:
    """The trace of a search that was answered; no two are of the same words."""
    trace = uuid.uuid4().hex
    assert search(place.service, f"a search of {trace}", traceparent=traceparent(trace)) == 200
    return trace


def test_a_search_is_one_server_span_with_its_stages(place: Place):
    """Continued from the caller; encode says how long it waited; the store's call is a client's, and says which collection."""
    spans = place.whole(asked(place), "POST /search")
    (request,) = [span for span in spans if span["kind"] == SERVER]
    stages = {span["name"]: span for span in spans if span is not request}
    assert (request["parentSpanId"], set(stages)) == ("b" * 16, STAGES)
    assert {span["parentSpanId"] for span in stages.values()} == {request["spanId"]}
    assert float(attributes(stages["encode"])["searchindex.encode.wait_seconds"]) >= 0
    assert (stages["search"]["kind"], attributes(stages["search"])["db.system.name"]) == (CLIENT, "qdrant")


def test_an_indexing_run_is_one_trace(place: Place):
    """Its steps are children of the process, whose parent is the run that its controller named."""
    spans = place.whole("c" * 32, "index")
    (run,) = [span for span in spans if span["name"] == "index"]
    assert run["parentSpanId"] == "b" * 16
    assert {span["name"] for span in spans} == {"index", "list", "compare", "decode", "encode", "upsert"}
    assert {span["parentSpanId"] for span in spans if span is not run} == {run["spanId"]}
    assert int(attributes(run)["searchindex.pictures.indexed"]) == len(list((ROOT / "samples/pictures/flags").iterdir()))


def test_a_collector_that_goes_and_comes_back(place: Place):
    """Searches are answered all the while; what is lost is counted; and what comes afterwards arrives."""
    before = place.dropped()
    place.collector.stop()
    try:
        lost = [asked(place) for _ in range(20)]
        wait_for(lambda: place.dropped() > before)
    finally:
        place.collector.start()

    seen: list[str] = []

    def arrives() -> bool:
        seen.append(asked(place))
        return any(place.of(trace) for trace in seen)

    wait_for(arrives)
    made = len(lost) * (1 + len(STAGES))
    wait_for(lambda: sum(len(place.of(trace)) for trace in lost) + place.dropped() - before >= made)  # each sent or counted
