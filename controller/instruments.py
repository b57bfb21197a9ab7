"""What is counted and logged of each reconciliation. The names stand in `observability/metrics.py`."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from controller.conditions import find
from controller.observed import Key
from controller.ports import ClusterError
from controller.work_queue import WorkQueue
from observability import metrics
from observability.meter import Labels, Meter
from searchindex.status import ConditionType, RunResult, SearchIndexStatus

logger = logging.getLogger(__name__)
OUTCOMES = ("indexed", "unchanged", "skipped", "failed", "deleted")  # fields of a run in the status
current: ContextVar[str] = ContextVar("current", default="")


class WithResource(logging.Filter):
    """Joins a log line with the SearchIndex that it is about."""

    def filter(self, record: logging.LogRecord) -> bool:
        if current.get() and not hasattr(record, "searchindex"):
            record.searchindex = current.get()
        return True


@dataclass(slots=True)
class Seen:
    """What a reconciliation found; None where the resource is gone."""

    status: SearchIndexStatus | None = None


@dataclass(slots=True, kw_only=True)
class Instruments:
    """Keeps the last status of each index for the gauges."""

    meter: Meter
    queue: WorkQueue
    watch_age: Callable[[], float]
    _statuses: dict[Key, SearchIndexStatus] = field(default_factory=dict)

    def __post_init__(self) -> None:
        watch = self.meter.watch
        watch(metrics.CONTROLLER_QUEUE, lambda: {(): float(self.queue.depth)})
        watch(metrics.RECONCILE_IN_PROGRESS, lambda: {(): float(self.queue.working)})
        watch(metrics.WATCH_AGE, lambda: {("SearchIndex",): self.watch_age()})
        watch(metrics.RESOURCES, self._resources)
        watch(metrics.INDEX_READY, lambda: self._gauge(lambda status: float(_ready(status) == "True")))
        watch(metrics.INDEX_POINTS, lambda: self._gauge(lambda status: float((status.active.points or 0) if status.active else 0)))
        watch(metrics.INDEX_PROGRESS, lambda: self._gauge(lambda status: status.indexing.percent / 100 if status.indexing else 0.0))
        watch(metrics.INDEX_RUN_FAILED, lambda: self._gauge(lambda status: float(_failed(status))))
        watch(metrics.INDEX_PICTURES, self._pictures)

    @contextmanager
    def reconcile(self, key: Key) -> Iterator[Seen]:
        """Times the block; an API server's refusal is a retry, anything else a failure of ours."""
        began, seen, token = time.perf_counter(), Seen(), current.set(str(key))
        result = "done"
        try:
            yield seen
        except ClusterError as error:
            result = "retry"
            logger.warning("Tried again later: %s", error.message)
            raise
        except Exception:
            result = "failed"
            logger.exception("The reconciliation failed.")
            raise
        finally:
            current.reset(token)
            self.meter.add(metrics.RECONCILE, result)
            self.meter.observe(metrics.RECONCILE_DURATION, time.perf_counter() - began)
            if result == "done":
                self._keep(key, seen.status)

    def _keep(self, key: Key, status: SearchIndexStatus | None) -> None:
        if status is None:
            self._statuses.pop(key, None)
        else:
            self._statuses[key] = status

    def _gauge(self, read: Callable[[SearchIndexStatus], float]) -> Mapping[Labels, float]:
        return {(key.namespace, key.name): read(status) for key, status in self._statuses.items()}

    def _pictures(self) -> Mapping[Labels, float]:
        runs = {key: status.indexing for key, status in self._statuses.items() if status.indexing is not None}
        return {(key.namespace, key.name, each): float(getattr(run, each)) for key, run in runs.items() for each in OUTCOMES}

    def _resources(self) -> Mapping[Labels, float]:
        counts: dict[Labels, float] = {}
        for status in self._statuses.values():
            labels = ("SearchIndex", _ready(status))
            counts[labels] = counts.get(labels, 0.0) + 1
        return counts


def _failed(status: SearchIndexStatus) -> bool:
    return status.indexing is not None and status.indexing.result is RunResult.FAILED


def _ready(status: SearchIndexStatus) -> str:
    found = find(status.conditions, ConditionType.READY)
    return found.status if found else "Unknown"
