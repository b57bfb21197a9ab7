"""The stages of one search and the clock that times them. The names are a vocabulary: they are used wherever a stage is shown."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum


class Stage(StrEnum):
    """The hot path, in order."""

    VALIDATE = "validate"
    CACHE = "cache"
    ENCODE = "encode"
    SEARCH = "search"
    ASSEMBLE = "assemble"


class StageClock:
    """Seconds spent in each stage of one request, by a monotonic clock. Stages do not nest."""

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.seconds: dict[Stage, float] = {}

    @contextmanager
    def stage(self, stage: Stage) -> Iterator[None]:
        """Add the time of the block to `stage`, also when it raises."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - began

    def elapsed(self) -> float:
        """Seconds since the request began."""
        return time.perf_counter() - self.began

    def server_timing(self) -> str:
        """The value of a `Server-Timing` header (W3C), durations in milliseconds."""
        parts = [f"{stage};dur={1000 * seconds:.2f}" for stage, seconds in self.seconds.items()]
        return ", ".join([*parts, f"total;dur={1000 * self.elapsed():.2f}"])
