"""The table of metrics."""

import ast
import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families as parse

from jobs.instruments import Instruments
from jobs.progress import Progress
from observability import metrics
from observability.metrics import METRICS, Kind, Metric, Program, metrics_of
from observability.prometheus import PrometheusMeter

ROOT = Path(metrics.__file__).parent.parent
CODE = {Program.SERVICE: ("service",), Program.CONTROLLER: ("controller",)}


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_metric_is_named_as_prometheus_asks(metric: Metric):
    """Prefix, snake case, unit at the end, `_total` for counters alone; a histogram has rising buckets, and nothing else has any."""
    assert re.fullmatch(r"searchindex(_[a-z]+)+", metric.name)
    assert metric.name.endswith("_total") == (metric.kind is Kind.COUNTER)
    assert not metric.unit or metric.name.removesuffix("_total").endswith(f"_{metric.unit}")
    assert bool(metric.buckets) == (metric.kind is Kind.HISTOGRAM)
    assert list(metric.buckets) == sorted(set(metric.buckets))
    assert metric.help.endswith(".")
    assert metric.programs
    assert not {"le", "quantile", "job", "instance"} & set(metric.labels)


def test_no_name_stands_for_two():
    """Two metrics of one name would be one series to whoever looks at them."""
    assert len({metric.name for metric in METRICS}) == len(METRICS)


def given(package: str) -> set[str]:
    """Names of the table that the code of a package mentions."""
    trees = [ast.parse(file.read_text("utf-8")) for file in (ROOT / package).rglob("*.py") if file != Path(metrics.__file__)]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    return {node.id for node in nodes if isinstance(node, ast.Name)} | {node.attr for node in nodes if isinstance(node, ast.Attribute)}


@pytest.mark.parametrize("program", [Program.SERVICE, Program.CONTROLLER])
def test_every_metric_of_a_program_is_given_by_it(program: Program):
    """A metric that nothing counts would be shown as zero for ever."""
    mentioned = set().union(*(given(package) for package in (*CODE[program], "observability")))
    names = {name for name, metric in vars(metrics).items() if isinstance(metric, Metric) and program in metric.programs}
    assert names - mentioned == set()


def test_the_jobs_show_what_the_table_says():
    """A run's report fills every metric of theirs, with the labels declared."""
    meter = PrometheusMeter(Program.JOBS, version="1")
    meter.watch(metrics.SPANS_EXPORTED, lambda: {(): 1.0})
    meter.watch(metrics.SPANS_DROPPED, lambda: {("queue-full",): 1.0})
    Instruments(meter).publish(
        Progress(shard=0, shards=1, total=1, processed=1, indexed=1, unchanged=0, skipped=0, failed=0, deleted=0, images_per_second=1.0)
    )
    families = [each for each in parse(meter.exposition("")[0].decode()) if each.name.startswith("searchindex")]
    labels = {each.samples[0].name: set(each.samples[0].labels) for each in families}
    assert labels == {metric.name: set(metric.labels) for metric in metrics_of(Program.JOBS)}
