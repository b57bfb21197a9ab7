"""Latency of the last requests, as `GET /stats` shows it."""

from collections import deque

import numpy as np
from typing_extensions import TypedDict  # pydantic takes the standard one from Python 3.12 on

WINDOW = 10_000
SAMPLES_FOR_P95 = 20
SAMPLES_FOR_P99 = 100


class LatencySummary(TypedDict):
    """Milliseconds over the last `window` requests; a percentile that too few samples support is None."""

    count: int
    window: int
    p50: float | None
    p95: float | None
    p99: float | None
    mean: float | None
    min: float | None
    max: float | None


class LatencyWindow:
    """The last 10,000 durations. `count` goes on counting beyond them."""

    def __init__(self, size: int = WINDOW) -> None:
        self._samples: deque[float] = deque(maxlen=size)
        self._count = 0

    def add(self, seconds: float) -> None:
        self._samples.append(1000 * seconds)
        self._count += 1

    def summary(self) -> LatencySummary:
        values = np.array(self._samples)
        n = len(values)

        def percentile(q: float, needed: int) -> float | None:
            return round(float(np.percentile(values, q)), 3) if n >= needed else None

        return LatencySummary(
            count=self._count,
            window=n,
            p50=percentile(50, 1),
            p95=percentile(95, SAMPLES_FOR_P95),
            p99=percentile(99, SAMPLES_FOR_P99),
            mean=round(float(values.mean()), 3) if n else None,
            min=round(float(values.min()), 3) if n else None,
            max=round(float(values.max()), 3) if n else None,
        )
