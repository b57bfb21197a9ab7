"""The stages of one search and the clock that times them. The names are a vocabulary: they are used wherever a stage is shown.

One measurement serves all: `Server-Timing`, the statistics, the metrics, and the spans where tracing is on (`observability/tracing.py`).
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from typing import Protocol


class Stage(StrEnum):
    """The hot path, in order; `explain` beside it."""

    VALIDATE = "validate"
    CACHE = "cache"
    ENCODE = "encode"
    SEARCH = "search"
    ASSEMBLE = "assemble"
    EXPLAIN = "explain"


class StageSpan(Protocol):
    """What is told of one stage beside its time."""

    def note(self, name: str, value: str | float | bool) -> None:  # noqa: FBT001  # an attribute's value
        """An attribute."""
        ...

    def end(self, ended: float, error: BaseException | None) -> None:
        """`ended` is of `time.perf_counter`."""
        ...


class StageSpans(Protocol):
    """Follows the stages of one request, or the steps of one run."""

    def begin(self, stage: StrEnum, began: float) -> StageSpan:
        """`began` is of `time.perf_counter`."""
        ...


_under_way: ContextVar[StageSpan | None] = ContextVar("stage", default=None)


def note(name: str, value: str | float | bool) -> None:  # noqa: FBT001  # an attribute's value
    """Tell something of the stage under way, if anybody listens: code deep below need not know who asked."""
    if (span := _under_way.get()) is not None:
        span.note(name, value)


class StageClock:
    """Seconds spent in each stage of one request, by a monotonic clock. Stages do not nest. `spans` follow it where there are any."""

    __slots__ = ("_spans", "began", "seconds")

    def __init__(self, spans: StageSpans | None = None) -> None:
        self.began = time.perf_counter()
        self.seconds: dict[Stage, float] = {}
        self._spans = spans

    @contextmanager
    def stage(self, stage: Stage) -> Iterator[None]:
        """Add the time of the block to `stage`, also when it raises."""
        began = time.perf_counter()
        span = None if self._spans is None else self._spans.begin(stage, began)
        token = None if span is None else _under_way.set(span)
        error: BaseException | None = None
        try:
            yield
        except BaseException as raised:
            error = raised
            raise
        finally:
            ended = time.perf_counter()
            self.seconds[stage] = self.seconds.get(stage, 0.0) + ended - began
            if span is not None and token is not None:
                _under_way.reset(token)
                span.end(ended, error)

    def elapsed(self) -> float:
        """Seconds since the request began."""
        return time.perf_counter() - self.began

    def server_timing(self) -> str:
        """The value of a `Server-Timing` header (W3C), durations in milliseconds."""
        parts = [f"{stage};dur={1000 * seconds:.2f}" for stage, seconds in self.seconds.items()]
        return ", ".join([*parts, f"total;dur={1000 * self.elapsed():.2f}"])
