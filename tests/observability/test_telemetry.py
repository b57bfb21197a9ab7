"""Whether there are spans, and where they go."""

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from observability.export import CLOSING_SECONDS, GIVING_UP_SECONDS, Seldom, export_to
from observability.metrics import Metric
from observability.stages import Stage, StageClock
from observability.telemetry import exporter_of, open_tracing
from observability.tracing import Tracing
from tests.collector import Collector, collector
from tests.engines import free_ports

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
VARIABLES = (
    ENDPOINT, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_SDK_DISABLED",
    "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG", "OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES", "OTEL_BSP_MAX_QUEUE_SIZE",
)  # fmt: skip


@pytest.fixture(autouse=True)
def always(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Nothing from outside, and every trace is kept."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_on")
    return monkeypatch


@pytest.fixture
def running() -> Iterator[Collector]:
    with collector() as found:
        yield found


class Counts:
    """A `Meter` that keeps what is watched."""

    def __init__(self, tracing: Tracing) -> None:
        self.reads: dict[str, object] = {}
        tracing.watch(self)

    def add(self, metric: Metric, *labels: str, by: float = 1.0) -> None: ...

    def observe(self, metric: Metric, value: float, *labels: str, trace_id: str = "") -> None: ...

    def watch(self, metric: Metric, read) -> None:
        self.reads[metric.name] = read

    @property
    def exported(self) -> float:
        return self.reads["searchindex_spans_exported_total"]()[()]

    @property
    def dropped(self) -> dict[str, float]:
        return {labels[0]: value for labels, value in self.reads["searchindex_spans_dropped_total"]().items()}


def trace(tracing: Tracing, count: int = 1) -> None:
    for _ in range(count):
        tracing.begin("GET", {}).end("GET /", {})


@pytest.mark.parametrize(
    ("environ", "exporter"),
    [
        ({}, None),
        ({"OTEL_SERVICE_NAME": "x", "OTEL_TRACES_SAMPLER": "always_on"}, None),
        ({ENDPOINT: "http://c:4317"}, "otlp"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4317"}, "otlp"),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, "otlp"),
        ({"OTEL_TRACES_EXPORTER": "console"}, "console"),
        ({ENDPOINT: "http://c:4317", "OTEL_TRACES_EXPORTER": "none"}, None),
        ({ENDPOINT: "http://c:4317", "OTEL_SDK_DISABLED": "true"}, None),
        ({ENDPOINT: "", "OTEL_TRACES_EXPORTER": ""}, None),
    ],
)
def test_off_unless_asked_for(environ: dict[str, str], exporter: str | None):
    """The variables are OpenTelemetry's, and so is what they mean."""
    assert exporter_of(environ) == exporter


@pytest.mark.parametrize(
    ("environ", "word"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "OTEL_TRACES_EXPORTER"),
        ({ENDPOINT: "x", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, "PROTOCOL"),
    ],
)
def test_what_there_is_not_is_named(environ: dict[str, str], word: str):
    """An operator who asks for another exporter learns which there are, and is not left without spans silently."""
    with pytest.raises(ValueError, match=word):
        exporter_of(environ)


def test_spans_arrive_at_a_collector(running: Collector, always: pytest.MonkeyPatch):
    """Over real gRPC: a request with its stages, the program's name and version, and the count of what was taken."""
    always.setenv(ENDPOINT, running.endpoint)
    tracing = open_tracing(program="searchindex-service", version="1.2.3")
    assert tracing is not None
    counts, span = Counts(tracing), tracing.begin("POST", {})
    clock = StageClock(span)
    with clock.stage(Stage.SEARCH):
        pass
    span.end("POST /search", {"http.response.status_code": 200})
    tracing.close()
    stage, request = running.spans()
    assert (stage.name, request.name, stage.parent_span_id, request.trace_id.hex()) == (
        "search",
        "POST /search",
        request.span_id,
        span.trace_id,
    )
    assert abs((stage.end_time_unix_nano - stage.start_time_unix_nano) / 1e9 - clock.seconds[Stage.SEARCH]) < 2e-6
    assert {"service.name": "searchindex-service", "service.version": "1.2.3"}.items() <= running.resource().items()
    assert (counts.exported, sum(counts.dropped.values())) == (2, 0)


def test_the_environment_names_the_program(running: Collector, always: pytest.MonkeyPatch):
    """OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win over our own."""
    always.setenv(ENDPOINT, running.endpoint)
    always.setenv("OTEL_SERVICE_NAME", "mine")
    always.setenv("OTEL_RESOURCE_ATTRIBUTES", "k8s.namespace.name=shop")
    tracing = open_tracing(program="searchindex-service", version="1")
    assert tracing is not None
    trace(tracing)
    tracing.close()
    assert {"service.name": "mine", "k8s.namespace.name": "shop"}.items() <= running.resource().items()


class Hung(SpanExporter):
    """Hangs until it is let go."""

    def __init__(self) -> None:
        self.called, self.free = threading.Event(), threading.Event()

    def export(self, _spans: list[ReadableSpan]) -> SpanExportResult:
        self.called.set()
        self.free.wait(60)
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None: ...


def test_what_the_queue_cannot_hold_is_counted(always: pytest.MonkeyPatch):
    """Memory is bounded while an exporter hangs; what is lost is known, what was accepted is not lost."""
    always.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "20")
    always.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "10")
    hung = Hung()
    tracing = export_to(hung, program="x", version="1")
    counts = Counts(tracing)
    trace(tracing, 10)
    assert hung.called.wait(10)  # with ten of them in its hands
    trace(tracing, 25)
    assert counts.dropped == {"queue-full": 5, "export-failed": 0}
    hung.free.set()
    tracing.close()
    assert counts.exported == 30


def test_the_end_does_not_wait_for_a_hung_collector(running: Collector, always: pytest.MonkeyPatch):
    """A process that is told to end has other things to do than to wait for a collector: its pod would be killed."""
    running.answers.clear()
    always.setenv(ENDPOINT, running.endpoint)
    tracing = open_tracing(program="x", version="1")
    assert tracing is not None
    trace(tracing)
    ended = threading.Thread(target=tracing.close, daemon=True)
    ended.start()
    ended.join(CLOSING_SECONDS + GIVING_UP_SECONDS + 8)  # far less than the SDK's thirty
    assert not ended.is_alive()


def test_a_process_ends_though_its_collector_hangs(running: Collector):
    """Nothing that is left over keeps the process: it ends with status 0, and within its grace."""
    running.answers.clear()
    code = (
        "from observability.telemetry import open_tracing\n"
        "tracing = open_tracing(program='x', version='1')\n"
        "tracing.begin('GET', {}).end('GET /', {})\n"
        "tracing.close()\n"
    )
    environ = {ENDPOINT: running.endpoint, "OTEL_TRACES_SAMPLER": "always_on", "PATH": "/usr/bin"}
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603  # ours
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert time.monotonic() - began < 40  # the hang is of sixty


@pytest.mark.parametrize("away", [True, False])
def test_a_collector_that_is_away_or_refuses_is_counted(running: Collector, always: pytest.MonkeyPatch, *, away: bool):
    """Spans that never arrive are counted, and complaints do not fill the log."""
    running.refuses = True
    always.setenv(ENDPOINT, f"http://127.0.0.1:{free_ports(1)[0]}" if away else running.endpoint)
    tracing = open_tracing(program="x", version="1")
    assert tracing is not None
    counts = Counts(tracing)
    trace(tracing, 3)
    tracing.close()
    deadline = time.monotonic() + 20
    while not counts.dropped["export-failed"] and time.monotonic() < deadline:
        time.sleep(0.05)
    assert (counts.dropped, counts.exported) == ({"queue-full": 0, "export-failed": 3}, 0)


def test_complaints_are_few():
    """The same warning over and over says nothing new."""
    seldom, record = Seldom(), logging.makeLogRecord({"levelno": logging.ERROR})
    assert [seldom.filter(record) for _ in range(5)] == [True, False, False, False, False]


def sampled(tracing: Tracing, count: int = 400) -> int:
    spans = [tracing.begin("GET", {}) for _ in range(count)]
    for span in reversed(spans):
        span.end("GET /", {})
    return sum(span.sampled for span in spans)


class Nowhere(SpanExporter):
    """Takes all."""

    def export(self, _spans: list[ReadableSpan]) -> SpanExportResult:
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None: ...


@pytest.mark.parametrize(
    ("sampler", "argument", "least", "most"),
    [
        ("", "", 1, 60),
        ("", "1", 400, 400),
        ("parentbased_traceidratio", "0.5", 120, 280),
        ("always_off", "", 0, 0),
        ("always_on", "", 400, 400),
    ],
)
def test_sampling_is_as_the_environment_says(always: pytest.MonkeyPatch, sampler: str, argument: str, least: int, most: int):
    """One in twenty where nothing is said; the bounds are those of chances far below one in a million."""
    always.setenv("OTEL_TRACES_SAMPLER", sampler)
    always.setenv("OTEL_TRACES_SAMPLER_ARG", argument)
    tracing = export_to(Nowhere(), program="x", version="1")
    assert least <= sampled(tracing) <= most
    tracing.close()


def test_a_share_that_is_none_is_named(always: pytest.MonkeyPatch):
    """A wrong share stops the start."""
    always.setenv("OTEL_TRACES_SAMPLER", "")
    always.setenv("OTEL_TRACES_SAMPLER_ARG", "many")
    with pytest.raises(ValueError, match="OTEL_TRACES_SAMPLER_ARG"):
        export_to(Nowhere(), program="x", version="1")
