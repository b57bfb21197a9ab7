"""The metrics of one program, as Prometheus and OpenMetrics read them. Needs the extra [observability].

Counting happens in prometheus-client's counters and histograms; what is watched is read when it is shown. Each program has a registry
of its own, so that nothing is shown that the table does not declare, but for `process_*` and `python_gc_*`, which the client makes.
"""

import platform
from collections.abc import Callable, Iterable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.gc_collector import GCCollector
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from observability.meter import Labels, Read
from observability.metrics import BUILD_INFO, Kind, Metric, Program, metrics_of


class PrometheusMeter:
    """The `Meter` of `program`."""

    def __init__(self, program: Program, *, version: str) -> None:
        self._direct = {metric: _make(metric) for metric in metrics_of(program)}
        self._watched: dict[Metric, Read] = {}
        self._children: dict[tuple[Metric, Labels], Any] = {}
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_Table(self._direct, self._watched))
        ProcessCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        built: dict[Labels, float] = {(version, platform.python_version()): 1.0}
        if BUILD_INFO in self._direct:
            self.watch(BUILD_INFO, lambda: built)

    def add(self, metric: Metric, *labels: str, by: float = 1.0) -> None:
        (self._children.get((metric, labels)) or self._child(metric, labels)).inc(by)

    def observe(self, metric: Metric, value: float, *labels: str, trace_id: str = "") -> None:
        child = self._children.get((metric, labels)) or self._child(metric, labels)
        child.observe(value, {"trace_id": trace_id} if trace_id else None)

    def watch(self, metric: Metric, read: Read) -> None:
        self._declared(metric)
        self._watched[metric] = read

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """All metrics in the format that an `Accept` header asks for, and its media type; exemplars in OpenMetrics alone."""
        encode, media_type = choose_encoder(accept)
        return encode(self._registry), media_type

    def listen(self, port: int, *, host: str = "0.0.0.0") -> Callable[[], None]:  # noqa: S104  # a scraper comes from outside the pod
        """Show the metrics on a port of their own, for programs that serve nothing else. OSError if it is taken; call the result to end."""
        server, thread = start_http_server(port, addr=host, registry=self._registry)

        def end() -> None:
            server.shutdown()
            server.server_close()
            thread.join()

        return end

    def _declared(self, metric: Metric) -> MetricWrapperBase:
        found = self._direct.get(metric)
        if found is None:
            raise ValueError(f"{metric.name} is not declared for this program")
        return found

    def _child(self, metric: Metric, labels: Labels) -> Any:
        found = self._declared(metric)
        child = self._children[metric, labels] = found.labels(*labels) if metric.labels or labels else found
        return child


class _Table(Collector):
    """The program's metrics in the table's order. Without `_created`, which doubles the series of every histogram."""

    def __init__(self, direct: dict[Metric, MetricWrapperBase], watched: dict[Metric, Read]) -> None:
        self._direct, self._watched = direct, watched

    def collect(self) -> Iterable[Family]:
        for metric, wrapper in self._direct.items():
            if metric in self._watched:
                yield _read(metric, self._watched[metric])
                continue
            for family in wrapper.collect():
                family.samples = [each for each in family.samples if not each.name.endswith("_created")]
                yield family


def _read(metric: Metric, read: Read) -> Family:
    made = CounterMetricFamily if metric.kind is Kind.COUNTER else GaugeMetricFamily
    family = made(metric.name, metric.help, labels=metric.labels, unit=metric.unit)
    for labels, value in read().items():
        family.add_metric(labels, value)
    return family


def _make(metric: Metric) -> MetricWrapperBase:
    if metric.kind is Kind.HISTOGRAM:
        return Histogram(metric.name, metric.help, metric.labels, unit=metric.unit, registry=None, buckets=metric.buckets)
    made = Counter if metric.kind is Kind.COUNTER else Gauge
    return made(metric.name, metric.help, metric.labels, unit=metric.unit, registry=None)
