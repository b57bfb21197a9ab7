"""The steps of a run, and which of them are followed: a run over millions of pictures has some hundred spans, not some ten thousand."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from observability.stages import StageSpans


class Step(StrEnum):
    """In order; but for the first two once a batch."""

    LIST = "list"
    COMPARE = "compare"
    DECODE = "decode"
    ENCODE = "encode"
    UPSERT = "upsert"


SIZE = {Step.UPSERT: "db.operation.batch.size"}  # as OpenTelemetry's conventions for databases name it


def followed(batch: int) -> bool:
    """The first 64 batches, every second one of the next 64, every fourth of the next 128: 32 for each doubling."""
    return batch % (1 << max(0, batch.bit_length() - 6)) == 0


class Steps:
    """Tells `spans` of the steps; None where nobody listens."""

    def __init__(self, spans: StageSpans | None = None) -> None:
        self._spans = spans

    @contextmanager
    def step(self, step: Step, *, batch: int = 0, size: int | None = None) -> Iterator[None]:
        """The block is one step: of the batch of that number, with `size` pictures."""
        if self._spans is None or not followed(batch):
            yield
            return
        span, error = self._spans.begin(step, time.perf_counter()), None
        if size is not None:
            span.note("searchindex.batch.number", batch)
            span.note(SIZE.get(step, "searchindex.batch.size"), size)
        try:
            yield
        except BaseException as raised:
            error = raised
            raise
        finally:
            span.end(time.perf_counter(), error)


UNFOLLOWED = Steps()
