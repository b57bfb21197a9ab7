"""The one table of every metric: what a program counts is declared here or nowhere, and `docs/reference/metrics.md` is made of it.

Names are Prometheus': a prefix, the thing, its unit in full (seconds, bytes), `_total` for what only grows. Nothing is measured here;
`observability/meter.py` says how a value is given, `observability/prometheus.py` shows them.
"""

from dataclasses import dataclass
from enum import StrEnum

MILLISECONDS = (1, 2, 5, 10, 20, 35, 50, 75, 100, 150, 250, 500, 1000, 2500, 5000, 10_000)
FAST = tuple(each / 1000 for each in MILLISECONDS)  # they straddle what a search may take: 50 ms in the middle, 100 ms at most
STEADY = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0)  # a look at a resource, or a batch of pictures
SIZES = (1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 16.0, 32.0)


class Kind(StrEnum):
    """As in the exposition formats."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Program(StrEnum):
    """Who shows a metric."""

    SERVICE = "service"
    JOBS = "jobs"
    CONTROLLER = "controller"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Metric:
    """One metric. `unit` is empty for what is counted; `buckets` are upper bounds in that unit, for histograms alone."""

    name: str
    kind: Kind
    help: str
    unit: str = ""
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    programs: tuple[Program, ...] = (Program.SERVICE,)


def _counter(name: str, help: str, *labels: str, programs: tuple[Program, ...] = (Program.SERVICE,), unit: str = "") -> Metric:
    return Metric(name=f"searchindex_{name}_total", kind=Kind.COUNTER, help=help, labels=labels, programs=programs, unit=unit)


def _gauge(name: str, help: str, *labels: str, programs: tuple[Program, ...] = (Program.SERVICE,), unit: str = "") -> Metric:
    return Metric(name=f"searchindex_{name}", kind=Kind.GAUGE, help=help, labels=labels, programs=programs, unit=unit)


def _seconds(name: str, help: str, *labels: str, buckets: tuple[float, ...], programs: tuple[Program, ...] = (Program.SERVICE,)) -> Metric:
    full = f"searchindex_{name}_seconds"
    return Metric(name=full, kind=Kind.HISTOGRAM, help=help, labels=labels, buckets=buckets, programs=programs, unit="seconds")


SERVERS = (Program.SERVICE, Program.CONTROLLER)
TRACED = (Program.SERVICE, Program.JOBS)
JOBS = (Program.JOBS,)
CONTROLLER = (Program.CONTROLLER,)

# ---- programs that run on and on
BUILD_INFO = _gauge("build_info", "1; the labels say which version runs, on which Python.", "version", "python", programs=SERVERS)
SPANS_EXPORTED = _counter("spans_exported", "Spans that the collector took.", programs=TRACED)
SPANS_DROPPED = _counter("spans_dropped", "Spans lost: `queue-full`, or `export-failed`.", "reason", programs=TRACED)

# ---- service: requests
REQUEST_DURATION = _seconds("request_duration", "Whole requests, by what was asked and how it ended.", "operation", "outcome", buckets=FAST)
REQUESTS_IN_PROGRESS = _gauge("requests_in_progress", "Requests being answered.")
STAGE_DURATION = _seconds("stage_duration", "Stages of searches; the same measurement as `Server-Timing`.", "stage", buckets=FAST)
RATE_LIMITED = _counter("rate_limited", "Requests refused as their caller asks too often, by limit.", "limit")

# ---- service: cache
CACHE_REQUESTS = _counter("cache_requests", "Answers looked for in the cache: `hit` or `miss`.", "cache", "outcome")
CACHE_ERRORS = _counter("cache_errors", "What went wrong with the cache, by the error's name; a search goes on.", "kind")
CACHE_UP = _gauge("cache_up", "1 if the cache answered when it was last asked.", "cache")
BREAKER_STATE = _gauge("breaker_state", "1 for the state that a circuit breaker is in, 0 for the others.", "breaker", "state")
BREAKER_REFUSALS = _counter("breaker_refusals", "Calls that an open circuit breaker spared.", "breaker")
BREAKER_FAILURES = _counter("breaker_failures", "Failed calls that a circuit breaker saw.", "breaker")

# ---- service: encoding
ENCODE_QUEUE_DEPTH = _gauge("encode_queue_depth", "Queries that wait for the encoder, or are in it.")
ENCODE_QUEUE_LIMIT = _gauge("encode_queue_limit", "How many may; beyond, requests are shed.")
ENCODE_QUEUE_WAIT = _seconds("encode_queue_wait", "How long a query waited until the encoder began with it.", buckets=FAST)
ENCODE_BATCH_SIZE = Metric(
    name="searchindex_encode_batch_size", kind=Kind.HISTOGRAM, help="Queries in one run of the encoder.", buckets=SIZES
)
ENCODE_TEXTS = _counter(
    "encode_texts",
    "Queries by what became of them: `encoded`, `remembered`, `coalesced` with an equal one, `shed`, `cancelled`, `expired`, `failed`.",
    "outcome",
)

# ---- service: explanations
EXPLANATIONS = _counter(
    "explanations",
    "Calls of the language model: `ready`, `unavailable`, `cancelled`.",
    "outcome",
)
EXPLANATION_DURATION = _seconds("explanation_duration", "From asking for an explanation to its end.", buckets=STEADY)

# ---- service: what is served
READY = _gauge("ready", "1 while searches are answered.")
MODEL_LOADED = _gauge("model_loaded", "1 once the text encoder is loaded.")
MODEL_INFO = _gauge("model_info", "1; the labels name the model.", "model", "fingerprint", "dim")
COLLECTION_POINTS = _gauge("collection_points", "Pictures in the collection.", "collection")
COLLECTION_INDEXED = _gauge("collection_indexed_points", "Of them, in the HNSW graph; the rest is compared one by one.", "collection")

# ---- jobs
INDEXING_PICTURES = _gauge("indexing_pictures", "Pictures of this shard by outcome, in this run.", "shard", "outcome", programs=JOBS)
INDEXING_LISTED = _gauge("indexing_listed", "Pictures of this shard that were listed.", "shard", programs=JOBS)
INDEXING_RATE = _gauge("indexing_pictures_per_second", "Pictures encoded a second.", "shard", programs=JOBS)

# ---- controller
RECONCILE = _counter("controller_reconcile", "Reconciliations: `done`, `retry`, `failed`.", "result", programs=CONTROLLER)
RECONCILE_DURATION = _seconds("controller_reconcile_duration", "One reconciliation.", buckets=STEADY, programs=CONTROLLER)
RECONCILE_IN_PROGRESS = _gauge("controller_reconcile_in_progress", "Reconciliations under way.", programs=CONTROLLER)
CONTROLLER_QUEUE = _gauge("controller_queue_depth", "Resources that wait to be reconciled.", programs=CONTROLLER)
WATCH_AGE = _gauge(
    "controller_watch_age_seconds", "Since the API server last said anything of a kind.", "kind", programs=CONTROLLER, unit="seconds"
)
RESOURCES = _gauge("controller_resources", "Resources by kind and status of their condition Ready.", "kind", "ready", programs=CONTROLLER)
INDEX_READY = _gauge("index_ready", "1 while the index is ready.", "namespace", "name", programs=CONTROLLER)
INDEX_POINTS = _gauge("index_points", "Pictures in the index's collection.", "namespace", "name", programs=CONTROLLER)
INDEX_PROGRESS = _gauge(
    "index_progress_ratio", "How much of the run under way is done, 0 to 1.", "namespace", "name", programs=CONTROLLER, unit="ratio"
)
INDEX_RUN_FAILED = _gauge("index_run_failed", "1 if the last indexing run failed.", "namespace", "name", programs=CONTROLLER)
INDEX_PICTURES = _gauge(
    "index_pictures",
    "Pictures of the last indexing run by outcome, all shards together.",
    "namespace",
    "name",
    "outcome",
    programs=CONTROLLER,
)

METRICS: tuple[Metric, ...] = tuple(each for each in globals().copy().values() if isinstance(each, Metric))


def metrics_of(program: Program) -> tuple[Metric, ...]:
    """What `program` shows, in the table's order."""
    return tuple(each for each in METRICS if program in each.programs)
