"""Every query of every dashboard and alert, against what the running programs show."""

from collections.abc import Iterable, Iterator, Mapping

import pytest
from prometheus_client.parser import text_string_to_metric_families as parse

from observability.metrics import METRICS, Program
from tests.engines import QdrantServer, RedisServer, free_ports
from tests.tools.monitoring.live import Live, get, live
from tests.tools.monitoring.selectors import Selector, grouped_by, selectors
from tools.monitoring import others
from tools.monitoring.alerts import ALERTS
from tools.monitoring.files import DASHBOARDS
from tools.monitoring.promql import TARGET

QUERIES = {
    **{f"{board.uid}: {query.expression}": query.expression for board in DASHBOARDS for query in board.queries},
    **{alert.name: alert.when for alert in ALERTS},
}
OF_COLLECTOR = {f"{each.name}_{part}" for each in others.COLLECTOR for part in ("bucket", "count", "sum")}  # e2e/monitoring has one

Series = Mapping[str, list[Mapping[str, str]]]  # name -> the labels of each


def series(*texts: str) -> Series:
    found: dict[str, list[Mapping[str, str]]] = {}
    for sample in (each for text in texts for family in parse(text) for each in family.samples):
        found.setdefault(sample.name, []).append(sample.labels)
    return found


@pytest.fixture(scope="module")
def running(qdrant_server: QdrantServer, redis_server: RedisServer) -> Iterator[Live]:
    """Their spans go where nobody listens, which is to be seen as well."""
    with live(qdrant_server, redis_server, otlp=f"http://127.0.0.1:{free_ports(1)[0]}") as programs:
        yield programs


@pytest.fixture(scope="module")
def shown(running: Live, qdrant_server: QdrantServer) -> Series:
    return series(*(running.exposition(each) for each in Program), get(qdrant_server.http_port, "/metrics"))


def without_target(labels: Iterable[str], metric: str) -> set[str]:
    """Those that the program itself has to show; `namespace` of an index is its own."""
    own = next((each.labels for each in METRICS if metric.startswith(each.name)), ())
    return {each for each in labels if each not in TARGET or each in own}


def answered(shown: Series, asked: Selector) -> bool:
    """Whether there is such a series, with each label and with the values that are asked for."""
    own = without_target((name for name, _, _ in asked.wanted), asked.metric)
    return any(asked.takes(labels, among=own) for labels in shown.get(asked.metric, []))


def test_every_query_finds_series(shown: Series):
    """A metric, label or value that no program shows would be an empty panel, or an alert that never fires."""
    asked = {(name, each) for name, query in QUERIES.items() for each in selectors(query) if each.metric not in OF_COLLECTOR}
    assert [(name, each) for name, each in sorted(asked, key=repr) if not answered(shown, each)] == []


def test_what_is_grouped_by_is_there(shown: Series):
    """A label that no series has groups everything into one."""
    for name, query in QUERIES.items():
        metrics = [each.metric for each in selectors(query) if each.metric not in OF_COLLECTOR]
        there = {label for metric in metrics for labels in shown[metric] for label in labels} | set(TARGET)
        assert not metrics or grouped_by(query) <= there, name


def test_every_metric_of_ours_is_really_shown(shown: Series):
    """With a value, by the running programs: what is only declared cannot be looked at."""
    assert [each.name for each in METRICS if not {each.name, f"{each.name}_bucket"} & shown.keys()] == []
