"""The steps of a run."""

from enum import StrEnum

import pytest

from jobs.steps import Step, Steps, followed


class Span:
    def __init__(self) -> None:
        self.notes: dict[str, object] = {}
        self.error: BaseException | None = None
        self.ended = 0.0

    def note(self, name: str, value: object) -> None:
        self.notes[name] = value

    def end(self, ended: float, error: BaseException | None) -> None:
        self.ended, self.error = ended, error


class Spans:
    def __init__(self) -> None:
        self.begun: list[tuple[StrEnum, Span]] = []

    def begin(self, stage: StrEnum, _began: float) -> Span:
        self.begun.append((stage, Span()))
        return self.begun[-1][1]


def test_spans_are_few_however_long_a_run_is():
    """The first batches all, then ever fewer, evenly: a run of four million pictures is some hundred spans."""
    assert [batch for batch in range(160) if followed(batch)] == [*range(64), *range(64, 128, 2), *range(128, 160, 4)]
    assert sum(followed(batch) for batch in range(16_384)) == 64 + 32 * 8


def test_a_step_tells_what_it_was():
    """Number and size of its batch, by the name that its kind has; what has no batch says none."""
    spans = Spans()
    steps = Steps(spans)
    with steps.step(Step.LIST):
        pass
    with steps.step(Step.UPSERT, batch=3, size=256):
        pass
    (_, listed), (kind, stored) = spans.begun
    assert (listed.notes, kind, stored.notes) == ({}, Step.UPSERT, {"searchindex.batch.number": 3, "db.operation.batch.size": 256})
    assert stored.ended > 0


def test_a_step_that_fails_is_told_and_raises_all_the_same():
    """What followed a step must see why it ended."""
    spans = Spans()
    with pytest.raises(OSError, match="disk"), Steps(spans).step(Step.DECODE, batch=0, size=1):
        raise OSError("disk")
    assert isinstance(spans.begun[0][1].error, OSError)


def test_nobody_listens():
    """Without tracing a step is its block, and no more."""
    with Steps().step(Step.ENCODE, batch=0, size=1):
        pass
    spans = Spans()
    with Steps(spans).step(Step.ENCODE, batch=65, size=1):
        pass
    assert spans.begun == []
