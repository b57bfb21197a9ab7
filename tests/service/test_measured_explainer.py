"""Counting and timing a language model's calls."""

import asyncio
from collections import Counter

import pytest

from observability.metrics import EXPLANATION_DURATION, EXPLANATIONS, Metric
from service.explain import ExplanationUnavailable, Prompt
from service.measured_explainer import MeasuredExplainer

PROMPT = Prompt(system="s", data="{}")


class Counted:
    """A `Meter` that keeps how often it was given what."""

    def __init__(self) -> None:
        self.given: Counter[tuple[Metric, tuple[str, ...]]] = Counter()

    def add(self, metric: Metric, *labels: str, by: float = 1.0) -> None:
        self.given[metric, labels] += int(by)

    def observe(self, metric: Metric, value: float, *labels: str, trace_id: str = "") -> None:
        assert value >= 0
        assert trace_id == ""
        self.given[metric, labels] += 1

    def watch(self, metric: Metric, read) -> None: ...


class Model:
    """Says `answer`, or raises it."""

    model = "m"

    def __init__(self, answer: str | BaseException) -> None:
        self.answer, self.closed = answer, False

    async def explain(self, _prompt: Prompt) -> str:
        if isinstance(self.answer, str):
            return self.answer
        raise self.answer

    async def close(self) -> None:
        self.closed = True


async def test_what_is_said_goes_on():
    """The model's words, name and end are passed on as they are, and the call is counted as `ready`."""
    meter, model = Counted(), Model("because")
    measured = MeasuredExplainer(model, meter)
    assert (await measured.explain(PROMPT), measured.model) == ("because", "m")
    await measured.close()
    assert model.closed
    assert meter.given == {(EXPLANATIONS, ("ready",)): 1, (EXPLANATION_DURATION, ()): 1}


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(ExplanationUnavailable("away"), "unavailable"), (KeyError("x"), "unavailable"), (asyncio.CancelledError(), "cancelled")],
)
async def test_what_fails_is_counted_and_goes_on(error: BaseException, outcome: str):
    """Failing calls are counted and timed too, and whoever asked gets the error."""
    meter = Counted()
    with pytest.raises(type(error)):
        await MeasuredExplainer(Model(error), meter).explain(PROMPT)
    assert meter.given == {(EXPLANATIONS, (outcome,)): 1, (EXPLANATION_DURATION, ()): 1}
