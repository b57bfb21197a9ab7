"""How far a run is, told at regular intervals to whoever listens."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from jobs.ledger import Ledger, Outcome
from jobs.shards import Shard


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Counts of one shard. `total` is None until the pictures are listed; `images_per_second`: encoded, since the last report."""

    shard: int
    shards: int
    total: int | None
    processed: int
    indexed: int
    unchanged: int
    skipped: int
    failed: int
    deleted: int
    images_per_second: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class ProgressSink(Protocol):
    def publish(self, progress: Progress) -> None:
        """Must neither block nor raise: nobody's run waits for its spectators."""
        ...


@dataclass(slots=True, kw_only=True)
class Reporter:
    """Looks at the ledger every `seconds`. `now` is a monotonic clock in seconds."""

    ledger: Ledger
    shard: Shard
    sinks: Sequence[ProgressSink]
    seconds: float
    now: Callable[[], float] = time.monotonic
    _last: tuple[float, int] = field(init=False)

    def __post_init__(self) -> None:
        self._last = (self.now(), 0)

    async def keep_reporting(self) -> None:
        """Until cancelled."""
        while True:
            self.report()
            await asyncio.sleep(self.seconds)

    def report(self) -> None:
        progress = self._measured()
        for sink in self.sinks:
            sink.publish(progress)

    def _measured(self) -> Progress:
        (before, encoded), now = self._last, self.now()
        self._last = (now, self.ledger.encoded)
        rate = (self.ledger.encoded - encoded) / (now - before) if now > before else 0.0
        return Progress(
            shard=self.shard.index,
            shards=self.shard.count,
            total=self.ledger.total,
            processed=self.ledger.seen,
            images_per_second=round(rate, 2),
            **{outcome.value: self.ledger.counts[outcome] for outcome in Outcome},
        )
