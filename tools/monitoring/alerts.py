"""Every alert: when somebody is to look, and at what. Each has a section in `docs/runbooks.md`, and is tried out with promtool."""

from observability import metrics as m
from observability.metrics import Program
from service.breaker import State
from tools.monitoring import slo
from tools.monitoring.alerting import Group, critical, warning
from tools.monitoring.promql import Source, greatest, increase, rate, total

SERVICE, CONTROLLER, JOBS = (Source(program) for program in (Program.SERVICE, Program.CONTROLLER, Program.JOBS))
WORTH_INDEXING = 100_000  # pictures; fewer are compared one by one fast enough
DEPLOYMENT = ("namespace", "job")
INDEX = ("namespace", "name")
HERE = "{{ $labels.namespace }}/{{ $labels.job }}"
THIS = "{{ $labels.namespace }}/{{ $labels.name }}"


def _latency(burn: slo.Burn) -> str:
    return " and ".join(f"{slo.latency_burn(SERVICE, window, *DEPLOYMENT)} > {burn.factor:g}" for window in (burn.long, burn.short))


def _errors(burn: slo.Burn) -> str:
    return " and ".join(f"{slo.error_burn(SERVICE, window, *DEPLOYMENT)} > {burn.factor:g}" for window in (burn.long, burn.short))


QUEUE_TAKEN = greatest(f"{SERVICE(m.ENCODE_QUEUE_DEPTH)} / {SERVICE(m.ENCODE_QUEUE_LIMIT)}", *DEPLOYMENT)
SHED = total(rate(SERVICE(m.ENCODE_TEXTS, window="5m", outcome="shed")), *DEPLOYMENT)
OPENED = greatest(f"max_over_time({SERVICE(m.BREAKER_STATE, state=State.OPEN.value, window='5m')})", *DEPLOYMENT, "breaker")
POINTS, INDEXED = (greatest(SERVICE(each), *DEPLOYMENT, "collection") for each in (m.COLLECTION_POINTS, m.COLLECTION_INDEXED))
LOST = total(increase(SERVICE(m.SPANS_DROPPED, window="15m")), *DEPLOYMENT)
PICTURES = total(CONTROLLER(m.INDEX_PICTURES, outcome=("indexed", "unchanged", "skipped", "failed")), *INDEX)
USELESS = total(CONTROLLER(m.INDEX_PICTURES, outcome="failed"), *INDEX)
SETTLED = total(f"changes({JOBS(m.INDEXING_PICTURES, window='15m')})", "namespace", "index", "pod")
DEAF = greatest(f"max_over_time({CONTROLLER(m.WATCH_AGE, window='10m')})", "job", "kind")
DEFECTS = total(increase(CONTROLLER(m.RECONCILE, window="15m", result="failed")), "job")
RETRIED = total(rate(CONTROLLER(m.RECONCILE, window="15m", result="retry")), "job")
RECONCILED = total(rate(CONTROLLER(m.RECONCILE, window="15m")), "job")

SEARCHES = Group(
    "service",
    [
        critical(
            "SearchLatencyBurnFast",
            _latency(slo.FAST),
            lasting="2m",
            summary=f"Searches of {HERE} are slow.",
            description="Of an hour's searches, and of the last 5 minutes', more than 72 % took longer than 50 ms; 5 % may.",
        ),
        warning(
            "SearchLatencyBurnSlow",
            _latency(slo.SLOW),
            lasting="15m",
            summary=f"Searches of {HERE} are becoming slow.",
            description="Of 6 hours' searches, and of the last 30 minutes', more than 30 % took longer than 50 ms; 5 % may.",
        ),
        critical(
            "SearchErrorBurnFast",
            _errors(slo.FAST),
            lasting="2m",
            summary=f"Requests to {HERE} fail.",
            description="Of an hour's requests, and of the last 5 minutes', more than 1.4 % were shed or failed; 0.1 % may.",
        ),
        warning(
            "SearchErrorBurnSlow",
            _errors(slo.SLOW),
            lasting="15m",
            summary=f"Some requests to {HERE} fail.",
            description="Of 6 hours' requests, and of the last 30 minutes', more than 0.6 % were shed or failed; 0.1 % may.",
        ),
        critical(
            "SearchNotReady",
            f"{total(SERVICE(m.READY), *DEPLOYMENT)} == 0",
            lasting="2m",
            summary=f"No pod of {HERE} answers searches.",
            description="Model, store or collection is missing; GET /readyz of a pod says which.",
        ),
        critical(
            "SearchDown",
            f"absent({SERVICE(m.READY)})",
            lasting="5m",
            summary="No search pod shows its metrics.",
            description="There is none, or Prometheus does not reach it.",
        ),
        warning(
            "SearchShedding",
            f"{SHED} > 0",
            lasting="5m",
            summary=f"{HERE} refuses queries, as too many wait.",
            description="{{ $value | humanize }} queries a second are answered with 503.",
        ),
        warning(
            "SearchEncodeQueueSaturated",
            f"{QUEUE_TAKEN} > 0.8",
            lasting="5m",
            summary=f"The encoder's queue of {HERE} is almost full.",
            description="{{ $value | humanizePercentage }} of it is taken; what does not fit is refused.",
        ),
        warning(
            "SearchCacheDown",
            f"min by (namespace, job, cache) ({SERVICE(m.CACHE_UP)}) == 0",
            lasting="5m",
            summary=f"The cache of {HERE} does not answer: {{{{ $labels.cache }}}}.",
            description="Searches go on without it, and each of them is encoded.",
        ),
        warning(
            "SearchBreakerOpen",
            f"{OPENED} == 1",
            lasting="10m",
            summary=f"{HERE} leaves {{{{ $labels.breaker }}}} alone, as it keeps failing.",
            description="For 10 minutes its circuit breaker has been open again and again.",
        ),
        warning(
            "SearchCollectionNotIndexed",
            f"{INDEXED} / {POINTS} < 0.9 and {POINTS} > {WORTH_INDEXING}",
            lasting="30m",
            summary=f"{HERE} searches {{{{ $labels.collection }}}} without its graph.",
            description="{{ $value | humanizePercentage }} of the pictures are in the graph; the rest is compared one by one.",
        ),
        warning(
            "SearchSpansDropped",
            f"{LOST} > 0",
            lasting="15m",
            summary=f"Spans of {HERE} are lost.",
            description="{{ $value | humanize }} in 15 minutes: the collector is away or too slow. Searches do not suffer.",
        ),
    ],
)

INDEXING = Group(
    "indexing",
    [
        warning(
            "IndexNotReady",
            f"{greatest(CONTROLLER(m.INDEX_READY), *INDEX)} == 0",
            lasting="30m",
            summary=f"The index {THIS} is not ready.",
            description="kubectl describe si/{{ $labels.name }} -n {{ $labels.namespace }} says why.",
        ),
        warning(
            "IndexingFailed",
            f"{greatest(CONTROLLER(m.INDEX_RUN_FAILED), *INDEX)} == 1",
            lasting="5m",
            summary=f"The last indexing run of {THIS} failed.",
            description="What was there before is still searched; new pictures are missing.",
        ),
        warning(
            "IndexingPicturesFailed",
            f"{USELESS} / ({PICTURES} > 0) > 0.05",
            lasting="15m",
            summary=f"Many pictures of {THIS} cannot be used.",
            description="{{ $value | humanizePercentage }} of the last run's; the pods' logs name them.",
        ),
        warning(
            "IndexingStalled",
            f"{SETTLED} == 0",
            lasting="30m",
            summary="The indexing pod {{ $labels.namespace }}/{{ $labels.pod }} does nothing.",
            description="For half an hour not one picture of {{ $labels.index }} was settled by it.",
        ),
    ],
)

CONTROL = Group(
    "controller",
    [
        critical(
            "ControllerDown",
            f"absent({CONTROLLER(m.CONTROLLER_QUEUE)})",
            lasting="10m",
            summary="No controller shows its metrics.",
            description="Indexes are searched as they are; nothing new is indexed. Or Prometheus does not reach it.",
        ),
        critical(
            "ControllerWatchStalled",
            f"{DEAF} > 60",
            lasting="5m",
            summary="The controller does not hear of changes.",
            description="What it wrote took {{ $value | humanizeDuration }} to come back through its watch, or has not yet.",
        ),
        warning(
            "ControllerReconcileFailing",
            f"{DEFECTS} > 0",
            lasting="5m",
            summary="Reconciliations fail.",
            description="{{ $value | humanize }} in 15 minutes met a defect; the controller's log has its trace.",
        ),
        warning(
            "ControllerRetrying",
            f"{RETRIED} / {RECONCILED} > 0.5",
            lasting="15m",
            summary="The controller does not get through to the API server.",
            description="{{ $value | humanizePercentage }} of its reconciliations are put off.",
        ),
    ],
)

GROUPS = (SEARCHES, INDEXING, CONTROL)
ALERTS = tuple(alert for group in GROUPS for alert in group.alerts)
