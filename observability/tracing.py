"""Spans of requests and of their stages, of runs and of their steps, by OpenTelemetry. Needs the extra [observability].

Written by hand and not by the instrumentation packages: those for gRPC and Qdrant lose failing calls or call them OK. Stage spans are
made of the `StageClock`'s own measurement, so a trace and `Server-Timing` agree. Where a request is not sampled there are no stage
spans, and its context still goes on to whom it calls (W3C Trace Context). Where spans go is `observability/telemetry.py`'s.
"""

import time
from asyncio import CancelledError
from collections.abc import Callable, Mapping
from enum import StrEnum
from logging import Filter, LogRecord
from types import MappingProxyType

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from observability.meter import Meter
from observability.stages import StageSpan

Attributes = Mapping[str, str | int | float | bool]

W3C = TraceContextTextMapPropagator()
NANO = 1_000_000_000


class Tracing:
    """One per process. A stage whose attributes have `server.address` is a call of another server."""

    def __init__(
        self, provider: TracerProvider, *, close: Callable[[], None] = lambda: None, report: Callable[[Meter], None] = lambda _: None
    ) -> None:
        self._tracer = provider.get_tracer("searchindex")
        self._stages: dict[StrEnum, Attributes] = {}
        self._close, self._report = close, report

    def describe(self, stage: StrEnum, attributes: Attributes) -> None:
        """Attributes that every span of a stage has."""
        self._stages[stage] = attributes

    def begin(self, name: str, carrier: Mapping[str, str], *, kind: SpanKind = SpanKind.SERVER) -> "EntrySpan":
        """The span of what was asked of this process. `carrier`: `traceparent`, `tracestate`; what is malformed is ignored."""
        parent = W3C.extract(carrier, Context()) if carrier else Context()
        return EntrySpan(self._tracer, self._tracer.start_span(name, parent, kind), self._stages)

    def begin_run(self, name: str, carrier: Mapping[str, str]) -> "EntrySpan":
        """The same for work that nobody waits for."""
        return self.begin(name, carrier, kind=SpanKind.INTERNAL)

    def outgoing(self) -> list[tuple[str, str]]:
        """`traceparent`, and `tracestate` where there is one, of what is under way here: metadata for a call of another server."""
        carrier: dict[str, str] = {}
        W3C.inject(carrier)
        return list(carrier.items())

    def watch(self, meter: Meter) -> None:
        """Show in `meter` what became of the spans."""
        self._report(meter)

    def close(self) -> None:
        """Send what is left; bounded in time. To be called once."""
        self._close()


class EntrySpan:
    """The span of one request, or of one run, from its beginning the current one of the calling task until `end`."""

    __slots__ = ("_offset", "_span", "_stages", "_token", "_tracer", "sampled", "trace_id")

    def __init__(self, tracer: Tracer, span: Span, stages: Mapping[StrEnum, Attributes]) -> None:
        spoken = span.get_span_context()
        self._tracer, self._span, self._stages = tracer, span, stages
        self.trace_id = trace.format_trace_id(spoken.trace_id)
        self.sampled = spoken.trace_flags.sampled
        self._offset = time.time() - time.perf_counter()
        self._token = contexts.attach(trace.set_span_in_context(span, Context()))

    def begin(self, stage: StrEnum, began: float) -> StageSpan:
        """A child, for whoever measures."""
        attributes = self._stages.get(stage)
        kind = SpanKind.CLIENT if attributes and "server.address" in attributes else SpanKind.INTERNAL
        span = self._tracer.start_span(stage.value, None, kind, attributes, start_time=int((began + self._offset) * NANO))
        return _Under(span, self._offset)

    def end(self, name: str = "", attributes: Attributes = MappingProxyType({}), *, error: str = "") -> None:
        """`name`: by what is known now. `error`: a word for what went wrong on this side, which makes the span one that failed."""
        contexts.detach(self._token)
        if self._span.is_recording():
            if name:
                self._span.update_name(name)
            self._span.set_attributes(dict(attributes))
            if error:
                self._span.set_attribute("error.type", error)
                self._span.set_status(Status(StatusCode.ERROR))
        self._span.end()


class _Under:
    """The span of one stage, current while it is under way."""

    __slots__ = ("_offset", "_span", "_token")

    def __init__(self, span: Span, offset: float) -> None:
        self._span, self._offset = span, offset
        self._token = contexts.attach(trace.set_span_in_context(span))

    def note(self, name: str, value: str | float | bool) -> None:  # noqa: FBT001  # an attribute's value
        self._span.set_attribute(name, value)

    def end(self, ended: float, error: BaseException | None) -> None:
        contexts.detach(self._token)
        if isinstance(error, CancelledError):
            self._span.add_event("cancelled")
        elif error is not None:
            self._span.set_attribute("error.type", type(error).__qualname__)
            self._span.set_status(Status(StatusCode.ERROR))
        self._span.end(int((ended + self._offset) * NANO))


class WithTraceIds(Filter):
    """Gives every record `trace_id` and `span_id`, where it is logged within a span. Belongs on a handler."""

    def filter(self, record: LogRecord) -> bool:
        spoken = trace.get_current_span().get_span_context()
        if spoken.is_valid:
            record.trace_id = trace.format_trace_id(spoken.trace_id)
            record.span_id = trace.format_span_id(spoken.span_id)
        return True
