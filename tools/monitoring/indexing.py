"""The dashboard `indexing`: is every index whole, how far is a run, and what could not be used?"""

from observability import metrics as m
from observability.metrics import Metric, Program
from tools.monitoring.grafana import Dashboard, Query, Row, Variable, panel, stat
from tools.monitoring.promql import Source, greatest, rate, total

INDEX = Source(Program.CONTROLLER, 'namespace=~"$namespace", name=~"$name"')
PODS = Source(Program.JOBS, 'namespace=~"$namespace", index=~"$name"')  # `index` is the pod's label, as the monitor takes it over
EACH = ("namespace", "name")
LEGEND = "{{namespace}}/{{name}}"


def _index(metric: Metric) -> str:
    return greatest(INDEX(metric), *EACH)


def _pictures(*outcomes: str) -> str:
    return total(INDEX(m.INDEX_PICTURES, outcome=outcomes), *EACH)


INDEXES = Row(
    "Indexes",
    [
        stat("Ready", "How many can be searched?", f"sum({_index(m.INDEX_READY)})", limit=1, bad_above=False),
        stat("Not ready", "How many cannot?", f"count({_index(m.INDEX_READY)} == 0) or vector(0)", limit=1),
        stat("Pictures", "How many are there in all of them?", f"sum({_index(m.INDEX_POINTS)})"),
        stat("Runs failed", "How many indexes' last run failed?", f"sum({_index(m.INDEX_RUN_FAILED)})", limit=1),
        stat("Speed", "How many pictures are encoded a second?", f"{total(PODS(m.INDEXING_RATE))} or vector(0)"),
        stat("Pods", "How many index at the moment?", f"count({PODS(m.INDEXING_LISTED)}) or vector(0)"),
        panel("Ready", "Which index is not? 1 is ready.", Query(_index(m.INDEX_READY), LEGEND)),
        panel("Pictures", "Does it grow?", Query(_index(m.INDEX_POINTS), LEGEND)),
        panel("Progress", "How far is the run?", Query(_index(m.INDEX_PROGRESS), LEGEND), unit="percentunit"),
    ],
)

RUNS = Row(
    "The last run of each",
    [
        panel(
            "What became of the pictures",
            "Were they new, known, or of no use?",
            Query(total(INDEX(m.INDEX_PICTURES), *EACH, "outcome"), f"{LEGEND} {{{{outcome}}}}"),
            width=12,
        ),
        panel(
            "Failed",
            "Which share cannot be used? The pods' logs name them.",
            Query(f"{_pictures('failed')} / ({_pictures('indexed', 'unchanged', 'skipped', 'failed')} > 0)", LEGEND),
            unit="percentunit",
            width=12,
        ),
    ],
)

SHARDS = Row(
    "Pods under way",
    [
        panel("Speed by shard", "Is one of them slow?", Query(greatest(PODS(m.INDEXING_RATE), "index", "shard"), "{{index}} {{shard}}")),
        panel(
            "Left to do",
            "When will it be over?",
            Query(
                f"{total(PODS(m.INDEXING_LISTED), 'index', 'shard')} - "
                f"{total(PODS(m.INDEXING_PICTURES, outcome=('indexed', 'unchanged', 'skipped', 'failed')), 'index', 'shard')}",
                "{{index}} {{shard}}",
            ),
        ),
        panel(
            "Failures by shard",
            "Is it everywhere?",
            Query(total(PODS(m.INDEXING_PICTURES, outcome="failed"), "index", "shard"), "{{index}}"),
        ),
        panel("Spans lost", "Do runs' traces arrive?", Query(total(rate(PODS(m.SPANS_DROPPED, window="5m")), "reason"), "{{reason}}")),
        panel("Spans sent", "Do runs' traces arrive?", Query(total(rate(PODS(m.SPANS_EXPORTED, window="5m"))), "a second")),
    ],
)

DASHBOARD = Dashboard(
    uid="searchindex-indexing",
    title="searchindex / indexing",
    about="Indexes and their indexing runs: whole or not, how far, how fast, what failed.",
    rows=[INDEXES, RUNS, SHARDS],
    variables=[
        Variable(name="namespace", query=f"label_values({m.INDEX_READY.name}, namespace)"),
        Variable(name="name", query=f'label_values({m.INDEX_READY.name}{{namespace=~"$namespace"}}, name)'),
    ],
)
