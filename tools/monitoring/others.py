"""Metrics of programs that are not ours, as far as dashboards show them. The tests look for each in the program itself.

Source: Qdrant 1.16, `GET /metrics`; OpenTelemetry collector 0.161, connector `span_metrics` in seconds, as the chart sets it.
"""

from observability.metrics import FAST, Kind, Metric

# ---- Qdrant
STORE_CALLS = Metric(
    name="grpc_responses_duration_seconds", kind=Kind.HISTOGRAM, help="Calls over gRPC.", labels=("endpoint",), buckets=FAST, programs=()
)
STORE_FAILURES = Metric(name="grpc_responses_fail_total", kind=Kind.COUNTER, help="Failed calls.", labels=("endpoint",), programs=())
STORE_MEMORY = Metric(name="memory_resident_bytes", kind=Kind.GAUGE, help="Resident memory.", programs=())
STORE_OPTIMIZING = Metric(
    name="collection_running_optimizations", kind=Kind.GAUGE, help="Optimizations under way.", labels=("id",), programs=()
)

# ---- the collector
SPAN_DURATION = Metric(
    name="traces_span_metrics_duration_seconds",
    kind=Kind.HISTOGRAM,
    help="Spans.",
    labels=("service_name", "span_name", "span_kind", "status_code"),
    buckets=FAST,
    programs=(),
)

STORE = (STORE_CALLS, STORE_FAILURES, STORE_MEMORY, STORE_OPTIMIZING)
COLLECTOR = (SPAN_DURATION,)
