"""The dashboard `search`: are searches fast and answered, and if not, at which stage and why?"""

from observability import metrics as m
from observability.metrics import Metric, Program
from service.breaker import State
from service.outcomes import Outcome
from tools.monitoring import others, slo
from tools.monitoring.grafana import Dashboard, Query, Row, Variable, panel, stat
from tools.monitoring.promql import Source, Wanted, average, greatest, quantile, rate, total

THEIRS = Source(None, 'namespace=~"$namespace"')
SERVICE = Source(Program.SERVICE, 'namespace=~"$namespace", job=~"$job"')
WINDOW = "$__rate_interval"
CHOSEN = "$quantile"
ERROR = "STATUS_CODE_ERROR"  # as the collector writes it
QUANTILES = ((0.5, "P50"), (0.95, "P95"), (0.99, "P99"))
FAST_ENOUGH = float(slo.FAST_ENOUGH)
ANSWERED: dict[str, Wanted] = {"operation": slo.SEARCH, "outcome": Outcome.OK.value}
REFUSED = (Outcome.INVALID.value, Outcome.DENIED.value, Outcome.LIMITED.value, Outcome.CANCELLED.value)


def _rate(metric: Metric, *by: str, part: str = "", **labels: Wanted) -> str:
    return total(rate(SERVICE(metric, part=part, window=WINDOW, **labels)), *by)


def _requests(*by: str, **labels: Wanted) -> str:
    return _rate(m.REQUEST_DURATION, *by, part="count", operation=slo.ASKED, **labels)


def _buckets(metric: Metric, **labels: Wanted) -> str:
    return SERVICE(metric, part="bucket", window=WINDOW, **labels)


def _quantiles(metric: Metric, *, exemplars: bool = False, **labels: Wanted) -> list[Query]:
    return [Query(quantile(share, _buckets(metric, **labels)), name, exemplars=exemplars) for share, name in QUANTILES]


SUMMARY = Row(
    "Is it well?",
    [
        stat("Pods ready", "How many pods answer searches?", total(SERVICE(m.READY)), limit=1, bad_above=False),
        stat("Requests", "How much is asked?", _requests(), unit="reqps"),
        stat(
            "Search P95",
            "Are 95 % of searches answered within 50 ms?",
            quantile(0.95, _buckets(m.REQUEST_DURATION, **ANSWERED)),
            unit="s",
            limit=FAST_ENOUGH,
        ),
        stat(
            "Errors",
            "Which share of the requests that count was shed, met what is not ready, or failed?",
            slo.error_share(SERVICE, WINDOW),
            unit="percentunit",
            limit=1 - slo.SHARE_ANSWERED,
        ),
        stat(
            "Latency burn, 1 h", "How many times as fast as allowed are slow searches being made?", slo.latency_burn(SERVICE, "1h"), limit=1
        ),
        stat("Error burn, 1 h", "How many times as fast as allowed are errors being made?", slo.error_burn(SERVICE, "1h"), limit=1),
    ],
)

REQUESTS = Row(
    "Requests: how many, how they ended, how long they took",
    [
        panel("By operation", "What is asked?", Query(_requests("operation"), "{{operation}}"), unit="reqps"),
        panel("Errors", "How many end badly, and how?", Query(_requests("outcome", outcome=slo.BAD), "{{outcome}}"), unit="reqps"),
        panel(
            "Refused",
            "How many are the caller's own mistakes, and who asks too often?",
            Query(_requests("outcome", outcome=REFUSED), "{{outcome}}"),
            Query(_rate(m.RATE_LIMITED, "limit"), "limit {{limit}}"),
            unit="reqps",
        ),
        panel(
            "Search latency",
            "How long do answered searches take? Points are traces: click one.",
            *_quantiles(m.REQUEST_DURATION, exemplars=True, **ANSWERED),
            unit="s",
            limit=FAST_ENOUGH,
            width=12,
        ),
        panel(
            "Search latency, all of it",
            "Is there a second hump? Points are traces.",
            Query(_rate(m.REQUEST_DURATION, "le", part="bucket", **ANSWERED), "{{le}}", exemplars=True),
            unit="s",
            kind="heatmap",
            width=12,
        ),
        panel(
            "Latency by operation",
            "Which operation is slow?",
            Query(quantile(CHOSEN, _buckets(m.REQUEST_DURATION, operation=slo.ASKED), "operation"), "{{operation}}"),
            unit="s",
        ),
        panel(
            "Latency burn",
            "Is the objective (95 % within 50 ms) at risk? Above 1 more is used up than may be.",
            *[Query(slo.latency_burn(SERVICE, window), window) for window in ("5m", "1h", "6h")],
            limit=1,
        ),
        panel(
            "Error burn",
            "Is the objective (99.9 % answered) at risk?",
            *[Query(slo.error_burn(SERVICE, window), window) for window in ("5m", "1h", "6h")],
            limit=1,
        ),
    ],
)

STAGES = Row(
    "Stages: where the time goes",
    [
        panel(
            "Latency by stage",
            "Which stage is slow?",
            Query(quantile(CHOSEN, _buckets(m.STAGE_DURATION), "stage"), "{{stage}}", exemplars=True),
            unit="s",
            width=12,
        ),
        panel(
            "Time spent by stage",
            "What would be gained by mending one? Seconds of work in a second.",
            Query(_rate(m.STAGE_DURATION, "stage", part="sum"), "{{stage}}"),
            unit="short",
            width=12,
        ),
    ],
)

CACHE = Row(
    "Cache",
    [
        panel(
            "Hits",
            "Which share is answered from the cache?",
            Query(f"{_rate(m.CACHE_REQUESTS, 'cache', outcome='hit')} / {_rate(m.CACHE_REQUESTS, 'cache')}", "{{cache}}"),
            unit="percentunit",
        ),
        panel(
            "Health",
            "Does it answer? 1 is yes, 0 is no.",
            Query(f"min by (cache) ({SERVICE(m.CACHE_UP)})", "{{cache}}"),
            Query(_rate(m.CACHE_ERRORS, "kind"), "{{kind}} a second"),
        ),
        panel(
            "Breakers",
            "Is something left alone because it keeps failing? 1 is open.",
            Query(greatest(SERVICE(m.BREAKER_STATE, state=State.OPEN.value), "breaker"), "{{breaker}} open"),
            Query(_rate(m.BREAKER_REFUSALS, "breaker"), "{{breaker}}: calls spared a second"),
            Query(_rate(m.BREAKER_FAILURES, "breaker"), "{{breaker}}: failures a second"),
        ),
    ],
)

ENCODER = Row(
    "Encoder",
    [
        panel("Queue wait", "How long does a query wait for the encoder?", *_quantiles(m.ENCODE_QUEUE_WAIT), unit="s"),
        panel(
            "Queue",
            "Is it full? What does not fit is refused.",
            Query(greatest(SERVICE(m.ENCODE_QUEUE_DEPTH), "pod"), "{{pod}}"),
            Query(f"max({SERVICE(m.ENCODE_QUEUE_LIMIT)})", "limit"),
        ),
        panel("Batch", "How many queries are encoded at once?", Query(average(SERVICE, m.ENCODE_BATCH_SIZE, WINDOW), "mean")),
        panel("Queries", "What became of them?", Query(_rate(m.ENCODE_TEXTS, "outcome"), "{{outcome}}"), unit="reqps"),
        panel("Explanations", "What becomes of them?", Query(_rate(m.EXPLANATIONS, "outcome"), "{{outcome}}"), unit="reqps"),
        panel("Explanation latency", "How long does the language model take?", *_quantiles(m.EXPLANATION_DURATION), unit="s"),
    ],
)

SERVED = Row(
    "What is served, and by what",
    [
        panel(
            "Pictures",
            "How many are searched, and how many of them by the graph?",
            Query(greatest(SERVICE(m.COLLECTION_POINTS), "collection"), "{{collection}}"),
            Query(greatest(SERVICE(m.COLLECTION_INDEXED), "collection"), "{{collection}}: in the graph"),
        ),
        panel(
            "Models",
            "Do all pods serve the same?",
            f"count by (model, fingerprint, dim) ({SERVICE(m.MODEL_INFO)} and on (pod) {SERVICE(m.MODEL_LOADED)} == 1)",
            kind="table",
        ),
        panel("Versions", "Is a rollout under way?", f"count by (version, python) ({SERVICE(m.BUILD_INFO)})", kind="table"),
        panel("In progress", "How many requests are being answered?", Query(greatest(SERVICE(m.REQUESTS_IN_PROGRESS), "pod"), "{{pod}}")),
        panel(
            "Spans",
            "Do traces arrive? What is lost is counted.",
            Query(_rate(m.SPANS_EXPORTED), "sent a second"),
            Query(_rate(m.SPANS_DROPPED, "reason"), "{{reason}} a second"),
        ),
    ],
)

STORE = Row(
    "Qdrant and the collector, as they see it",
    [
        panel(
            "Calls of Qdrant",
            "Is it the store that is slow?",
            Query(quantile(CHOSEN, THEIRS(others.STORE_CALLS, part="bucket", window=WINDOW), "endpoint"), "{{endpoint}}"),
            unit="s",
        ),
        panel(
            "Failed calls",
            "Does Qdrant refuse?",
            Query(total(rate(THEIRS(others.STORE_FAILURES, window=WINDOW)), "endpoint"), "{{endpoint}}"),
            unit="ops",
        ),
        panel(
            "Memory and optimizers",
            "Is it building a graph beside the searches?",
            Query(greatest(THEIRS(others.STORE_MEMORY), "pod"), "{{pod}}: bytes"),
            Query(greatest(THEIRS(others.STORE_OPTIMIZING), "id"), "{{id}}: optimizations"),
        ),
        panel(
            "Spans",
            "Which span is slow, by the traces that are kept?",
            Query(
                quantile(CHOSEN, THEIRS(others.SPAN_DURATION, part="bucket", window=WINDOW), "service_name", "span_name"),
                "{{service_name}} {{span_name}}",
                exemplars=True,
            ),
            unit="s",
            width=12,
        ),
        panel(
            "Spans that failed",
            "Where do errors begin?",
            Query(
                total(rate(THEIRS(others.SPAN_DURATION, part="count", window=WINDOW, status_code=ERROR)), "service_name", "span_name"),
                "{{service_name}} {{span_name}}",
            ),
            unit="ops",
            width=12,
        ),
    ],
)

DASHBOARD = Dashboard(
    uid="searchindex-search",
    title="searchindex / search",
    about="Searches: how many, how fast, how they end, and which stage is why.",
    rows=[SUMMARY, REQUESTS, STAGES, CACHE, ENCODER, SERVED, STORE],
    variables=[
        Variable(name="namespace", query=f"label_values({m.READY.name}, namespace)"),
        Variable(name="job", query=f'label_values({m.READY.name}{{namespace=~"$namespace"}}, job)'),
        Variable(name="quantile", choices=("0.95", "0.5", "0.99")),
    ],
)
