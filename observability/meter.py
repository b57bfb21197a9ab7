"""How a value is given to a metric: a small port, so that no program rests on the library that shows them.

`NO_METER` takes everything and keeps nothing: the one-process product runs without that library.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

from observability.metrics import Metric

Labels = tuple[str, ...]
Read = Callable[[], Mapping[Labels, float]]


class Meter(Protocol):
    """Takes values; label values stand in the order of the metric's labels. Cheap enough for every request. Thread-safe.

    ValueError for a metric that is not declared for this program, or for another number of labels.
    """

    def add(self, metric: Metric, *labels: str, by: float = 1.0) -> None:
        """Count."""
        ...

    def observe(self, metric: Metric, value: float, *labels: str, trace_id: str = "") -> None:
        """One value of a histogram. `trace_id`: 32 hexadecimal digits of a sampled trace, which becomes the exemplar."""
        ...

    def watch(self, metric: Metric, read: Read) -> None:
        """Ask `read` for the counter's or gauge's values whenever they are to be shown, instead of being given them."""
        ...


class NoMeter:
    """Keeps nothing."""

    def add(self, metric: Metric, *labels: str, by: float = 1.0) -> None: ...

    def observe(self, metric: Metric, value: float, *labels: str, trace_id: str = "") -> None: ...

    def watch(self, metric: Metric, read: Read) -> None: ...


NO_METER = NoMeter()
