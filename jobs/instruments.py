"""A run's progress as metrics, of the names that `observability/metrics.py` declares."""

from jobs.ledger import Outcome
from jobs.progress import Progress
from observability.meter import Labels, Meter
from observability.metrics import INDEXING_LISTED, INDEXING_PICTURES, INDEXING_RATE


class Instruments:
    """A sink whose last report is shown whenever the meter is looked at."""

    def __init__(self, meter: Meter) -> None:
        self._latest: Progress | None = None
        meter.watch(INDEXING_PICTURES, self._pictures)
        meter.watch(INDEXING_LISTED, self._listed)
        meter.watch(INDEXING_RATE, self._rate)

    def publish(self, progress: Progress) -> None:
        self._latest = progress

    def _pictures(self) -> dict[Labels, float]:
        if (latest := self._latest) is None:
            return {}
        return {(str(latest.shard), outcome.value): getattr(latest, outcome.value) for outcome in Outcome}

    def _listed(self) -> dict[Labels, float]:
        return {} if (latest := self._latest) is None else {(str(latest.shard),): latest.total or 0}

    def _rate(self) -> dict[Labels, float]:
        return {} if (latest := self._latest) is None else {(str(latest.shard),): latest.images_per_second}
