"""The dashboard `controller`: does it act, does it keep up, and does it still see what changes?"""

from observability import metrics as m
from observability.metrics import Program
from tools.monitoring.grafana import Dashboard, Query, Row, Variable, panel, stat
from tools.monitoring.promql import Source, greatest, increase, quantile, rate, total

CONTROLLER = Source(Program.CONTROLLER, 'job=~"$job"')
WINDOW = "$__rate_interval"
FAILED = total(increase(CONTROLLER(m.RECONCILE, window="1h", result="failed")))
QUANTILES = ((0.5, "P50"), (0.95, "P95"), (0.99, "P99"))

STATE = Row(
    "Is it well?",
    [
        stat("Watch age", "Does it still hear of changes?", f"max({CONTROLLER(m.WATCH_AGE)})", unit="s", limit=60),
        stat("Queue", "How many wait?", total(CONTROLLER(m.CONTROLLER_QUEUE))),
        stat("Under way", "How many are being looked at?", total(CONTROLLER(m.RECONCILE_IN_PROGRESS))),
        stat("Reconciliations", "How busy is it?", total(rate(CONTROLLER(m.RECONCILE, window=WINDOW))), unit="ops"),
        stat(
            "Failed, 1 h",
            "Did it meet a defect of its own?",
            f"{FAILED} or vector(0)",
            limit=1,
        ),
        panel("Versions", "Which one runs?", f"count by (version, python) ({CONTROLLER(m.BUILD_INFO)})", kind="table", width=4),
    ],
)

WORK = Row(
    "Work",
    [
        panel(
            "Reconciliations by result",
            "`retry`: the API server stood in the way. `failed`: a defect.",
            Query(total(rate(CONTROLLER(m.RECONCILE, window=WINDOW)), "result"), "{{result}}"),
            unit="ops",
        ),
        panel(
            "Duration",
            "How long does one take?",
            *[Query(quantile(share, CONTROLLER(m.RECONCILE_DURATION, part="bucket", window=WINDOW)), name) for share, name in QUANTILES],
            unit="s",
        ),
        panel(
            "Queue",
            "Does it keep up?",
            Query(total(CONTROLLER(m.CONTROLLER_QUEUE)), "wait"),
            Query(total(CONTROLLER(m.RECONCILE_IN_PROGRESS)), "under way"),
        ),
        panel(
            "Watch age",
            "Is the watch alive? Above 90 s it is restarted.",
            Query(greatest(CONTROLLER(m.WATCH_AGE), "kind"), "{{kind}}"),
            unit="s",
            limit=60,
        ),
        panel("Resources", "How many are ready?", Query(total(CONTROLLER(m.RESOURCES), "kind", "ready"), "{{kind}} ready={{ready}}")),
        panel("Indexes not ready", "Which?", f"{greatest(CONTROLLER(m.INDEX_READY), 'namespace', 'name')} == 0", kind="table"),
    ],
)

DASHBOARD = Dashboard(
    uid="searchindex-controller",
    title="searchindex / controller",
    about="The controller: what it does, how long that takes, and whether it hears of changes.",
    rows=[STATE, WORK],
    variables=[Variable(name="job", query=f"label_values({m.CONTROLLER_QUEUE.name}, job)")],
)
