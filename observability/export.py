"""Sending spans: in the background, bounded in memory and in time. Needs the extra [observability].

A collector that is away, slow or hung costs spans, which are counted, and never a request: spans wait in a queue of
OTEL_BSP_MAX_QUEUE_SIZE, and the end of the process waits two seconds at most.
"""

import logging
import os
import threading
import time
from collections.abc import Sequence

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio, Sampler

from observability.meter import Meter
from observability.metrics import SPANS_DROPPED, SPANS_EXPORTED
from observability.tracing import Tracing

SHARE = 0.05
QUEUE = 2048  # spans; OpenTelemetry's default
CLOSING_SECONDS = 1.5
GIVING_UP_SECONDS = 0.5
COMPLAINT_SECONDS = 60.0
EXPORTER_LOG = "opentelemetry.exporter.otlp.proto.grpc.exporter"


def named_exporter(name: str) -> SpanExporter:
    """`otlp` or `console`."""
    if name == "console":
        return ConsoleSpanExporter()
    logging.getLogger(EXPORTER_LOG).addFilter(Seldom())
    return OTLPSpanExporter()


def export_to(exporter: SpanExporter, *, program: str, version: str, share: float = SHARE) -> Tracing:
    """Tracing whose spans go to `exporter`. `share`: of the traces that begin here, where no variable says another. Not the
    process's global provider: what libraries trace of themselves stays out.
    """
    counted = CountedExporter(exporter)
    # The environment last: it names the program otherwise.
    resource = Resource.create({SERVICE_NAME: program, SERVICE_VERSION: version}).merge(OTELResourceDetector().detect())
    provider = TracerProvider(sampler=_sampler(share), resource=resource, shutdown_on_exit=False)
    queue = BoundedQueue(counted)
    provider.add_span_processor(queue)

    def close() -> None:
        """The SDK alone would wait 30 seconds for a collector that hangs. Its threads are daemons: what is left ends with the process."""
        ending = threading.Thread(target=provider.shutdown, name="spans", daemon=True)
        ending.start()
        ending.join(CLOSING_SECONDS)
        counted.shutdown()  # gives up the call under way
        ending.join(GIVING_UP_SECONDS)

    def report(meter: Meter) -> None:
        meter.watch(SPANS_EXPORTED, lambda: {(): float(counted.exported)})
        meter.watch(SPANS_DROPPED, lambda: {("queue-full",): float(queue.dropped), ("export-failed",): float(counted.failed)})

    return Tracing(provider, close=close, report=report)


def _sampler(share: float) -> Sampler | None:
    """None leaves it to the SDK, where OTEL_TRACES_SAMPLER says which."""
    if os.environ.get("OTEL_TRACES_SAMPLER"):
        return None
    try:
        return ParentBasedTraceIdRatio(float(os.environ.get("OTEL_TRACES_SAMPLER_ARG") or share))
    except ValueError:
        raise ValueError("OTEL_TRACES_SAMPLER_ARG is a share of all traces, 0 to 1.") from None


class CountedExporter(SpanExporter):
    """Counts what `exporter` took and what it gave up. `received`: all that it was given."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self.received = self.exported = self.failed = 0
        self._ended = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.received += len(spans)
        try:
            result = self._exporter.export(spans)
        except Exception:
            self.failed += len(spans)
            raise
        if result is SpanExportResult.SUCCESS:
            self.exported += len(spans)
        else:
            self.failed += len(spans)
        return result

    def shutdown(self) -> None:
        """The first time alone; a second one is a complaint in the log."""
        if not self._ended:
            self._ended = True
            self._exporter.shutdown()


class BoundedQueue(SpanProcessor):
    """The SDK's batches, with what does not fit counted: the SDK drops the oldest, and tells no one but its own metrics."""

    def __init__(self, exporter: CountedExporter) -> None:
        self._exporter, self._batches = exporter, BatchSpanProcessor(exporter)
        self._limit = int(os.environ.get("OTEL_BSP_MAX_QUEUE_SIZE") or QUEUE)
        self._lock = threading.Lock()
        self._accepted = self.dropped = 0

    def on_start(self, span: Span, parent_context: Context | None = None) -> None: ...

    def on_end(self, span: ReadableSpan) -> None:
        if span.context is None or not span.context.trace_flags.sampled:
            return
        with self._lock:
            if self._accepted - self._exporter.received >= self._limit:
                self.dropped += 1
                return
            self._accepted += 1
        self._batches.on_end(span)

    def shutdown(self) -> None:
        self._batches.shutdown()  # type: ignore[no-untyped-call]

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._batches.force_flush(timeout_millis)


class Seldom(logging.Filter):
    """Lets one record a minute through: a collector that is away would fill the log with complaints that all say the same."""

    def __init__(self) -> None:
        super().__init__()
        self._free_at = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        now = time.monotonic()
        if record.levelno < logging.WARNING or now < self._free_at:
            return False
        self._free_at = now + COMPLAINT_SECONDS
        return True
