"""Metrics as Prometheus reads them."""

import urllib.request

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from observability import metrics
from observability.meter import NO_METER, Meter
from observability.metrics import Kind, Program, metrics_of
from observability.prometheus import PrometheusMeter
from tests.engines import free_ports

OPENMETRICS = "application/openmetrics-text; version=1.0.0"
TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def meter() -> PrometheusMeter:
    return PrometheusMeter(Program.SERVICE, version="1.2.3")


def shown(meter: PrometheusMeter, accept: str = OPENMETRICS) -> str:
    return meter.exposition(accept)[0].decode()


def give(meter: Meter) -> None:
    """One value of each kind."""
    meter.add(metrics.RATE_LIMITED, "search")
    meter.add(metrics.RATE_LIMITED, "search", by=2)
    meter.observe(metrics.STAGE_DURATION, 0.03, "encode", trace_id=TRACE)
    meter.observe(metrics.STAGE_DURATION, 0.07, "encode")
    meter.watch(metrics.CACHE_REQUESTS, lambda: {("memory", "hit"): 7.0})
    meter.watch(metrics.READY, lambda: {(): 1.0})


@pytest.mark.parametrize("program", Program)
def test_the_table_is_what_is_shown(program: Program):
    """Every declared metric has its family, with its kind; and none is there that is not declared."""
    families = {each.name: each for each in parse_openmetrics(shown(PrometheusMeter(program, version="1")))}
    ours = {name: each for name, each in families.items() if not name.startswith(("process", "python_gc"))}
    assert {name: each.type for name, each in ours.items()} == {
        metric.name.removesuffix("_total"): metric.kind.value for metric in metrics_of(program)
    }
    assert {name for name in families if name.startswith("process")} >= {"process_resident_memory_bytes", "process_cpu_seconds"}


def test_values_arrive(meter: PrometheusMeter):
    """Counted, observed and watched values are all shown, in both formats, without the series of creation times."""
    give(meter)
    for text, parse in ((shown(meter), parse_openmetrics), (shown(meter, "text/plain"), parse_text)):
        samples = {(each.name, *each.labels.values()): each.value for family in parse(text) for each in family.samples}
        assert samples["searchindex_rate_limited_total", "search"] == 3
        assert samples["searchindex_stage_duration_seconds_count", "encode"] == 2
        assert samples["searchindex_cache_requests_total", "memory", "hit"] == 7
        assert samples["searchindex_ready",] == 1
        assert "_created" not in text


def test_the_buckets_are_those_of_the_table(meter: PrometheusMeter):
    """A dashboard's quantiles are as fine as the table says."""
    give(meter)
    (family,) = [each for each in parse_openmetrics(shown(meter)) if each.name == "searchindex_stage_duration_seconds"]
    bounds = [float(each.labels["le"]) for each in family.samples if each.name.endswith("_bucket")]
    assert bounds == [*metrics.STAGE_DURATION.buckets, float("inf")]
    assert (family.unit, metrics.STAGE_DURATION.kind) == ("seconds", Kind.HISTOGRAM)


def test_an_exemplar_leads_to_its_trace(meter: PrometheusMeter):
    """Of a sampled request alone, and only where OpenMetrics is asked for: the text format has no place for it."""
    give(meter)
    exemplars = [each.exemplar for family in parse_openmetrics(shown(meter)) for each in family.samples if each.exemplar]
    assert [(each.labels, each.value) for each in exemplars] == [({"trace_id": TRACE}, 0.03)]
    assert TRACE not in shown(meter, "text/plain; version=0.0.4")


def test_what_is_not_declared_is_refused(meter: PrometheusMeter):
    """A metric of another program, and a label too many, are mistakes of the code and are seen at once."""
    with pytest.raises(ValueError, match="controller_reconcile"):
        meter.add(metrics.RECONCILE, "done")
    with pytest.raises(ValueError, match="not declared"):
        meter.watch(metrics.WATCH_AGE, dict)
    with pytest.raises(ValueError, match="label"):
        meter.add(metrics.RATE_LIMITED)


def test_without_the_library_everything_is_taken():
    """The one-process product counts into nothing, by the same calls."""
    give(NO_METER)


def test_a_program_without_http_has_a_port_for_it(meter: PrometheusMeter):
    """Jobs and the controller are scraped on a port of their own, which is free again once it is ended."""
    (port,) = free_ports(1)
    for _ in range(2):
        end = meter.listen(port, host="127.0.0.1")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
                assert b"searchindex_build_info" in answer.read()
        finally:
            end()
