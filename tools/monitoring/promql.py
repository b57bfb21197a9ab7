"""Queries that are put together from the table of metrics: a name, label, bucket or program that it does not know is refused here.

Values of labels come from the programs' own enumerations, where there are some. Strings are PromQL; nothing here knows Grafana.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from observability.metrics import Kind, Metric, Program

TARGET = ("namespace", "job", "pod", "instance", "index")  # labels that a scrape adds, as the chart's monitors say
PARTS = {Kind.HISTOGRAM: ("bucket", "sum", "count")}


@dataclass(frozen=True, slots=True)
class NoneOf:
    """Any value but these."""

    values: tuple[str, ...]


Wanted = str | tuple[str, ...] | NoneOf


@dataclass(frozen=True, slots=True)
class Source:
    """The metrics of one program; None: of those that are not ours. `scope`: label matchers of every series; empty in alerts."""

    program: Program | None
    scope: str = ""

    def __call__(self, metric: Metric, *, part: str = "", window: str = "", **labels: Wanted) -> str:
        """A selector. `part`: of a histogram. A tuple is any of its values, what begins with `$` a dashboard's variable."""
        if self.program not in (metric.programs or (None,)):
            raise ValueError(f"{metric.name} is not declared for {self.program}")
        if (part and part not in PARTS.get(metric.kind, ())) or (metric.kind in PARTS and not part):
            raise ValueError(f"{metric.name} has no part {part!r}")
        matchers = [self.scope] if self.scope else []
        matchers += [_matcher(metric, part, name, value) for name, value in labels.items()]
        selector = f"{metric.name}{'_' if part else ''}{part}" + (f"{{{', '.join(matchers)}}}" if matchers else "")
        return f"{selector}[{window}]" if window else selector


def _matcher(metric: Metric, part: str, name: str, value: Wanted) -> str:
    if name == "le" and part == "bucket":
        if value not in [f"{bound:g}" for bound in metric.buckets]:
            raise ValueError(f"{metric.name} has no bucket {value}")
    elif name not in (*metric.labels, *TARGET):
        raise ValueError(f"{metric.name} has no label {name}")
    if isinstance(value, NoneOf):
        return f'{name}!~"{"|".join(value.values)}"'
    if isinstance(value, tuple):
        return f'{name}=~"{"|".join(value)}"'
    return f'{name}=~"{value}"' if value.startswith("$") else f'{name}="{value}"'


def rate(selector: str) -> str:
    return f"rate({selector})"


def increase(selector: str) -> str:
    return f"increase({selector})"


def total(expression: str, *by: str) -> str:
    return aggregated("sum", expression, by)


def greatest(expression: str, *by: str) -> str:
    return aggregated("max", expression, by)


def aggregated(operator: str, expression: str, by: Iterable[str]) -> str:
    labels = ", ".join(by)
    return f"{operator} by ({labels}) ({expression})" if labels else f"{operator}({expression})"


def quantile(share: float | str, buckets: str, *by: str) -> str:
    """Of a histogram's rates. `buckets`: a selector of its buckets with a window."""
    return f"histogram_quantile({share}, {total(rate(buckets), 'le', *by)})"


def average(source: Source, metric: Metric, window: str, *by: str, **labels: Wanted) -> str:
    """A histogram's mean."""
    sums, counts = (total(rate(source(metric, part=part, window=window, **labels)), *by) for part in ("sum", "count"))
    return f"{sums} / {counts}"
