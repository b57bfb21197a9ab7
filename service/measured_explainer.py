"""An explainer whose calls are counted and timed, whichever language model is behind it."""

import time

from observability.meter import Meter
from observability.metrics import EXPLANATION_DURATION, EXPLANATIONS
from service.explain import Explainer, Prompt


class MeasuredExplainer:
    """Says what `explainer` says. A call that is given up, as the service ends, counts as `cancelled`."""

    def __init__(self, explainer: Explainer, meter: Meter) -> None:
        self._explainer, self._meter = explainer, meter

    @property
    def model(self) -> str:
        return self._explainer.model

    async def explain(self, prompt: Prompt) -> str:
        began, outcome = time.perf_counter(), "cancelled"
        try:
            said = await self._explainer.explain(prompt)
            outcome = "ready"
        except Exception:
            outcome = "unavailable"
            raise
        finally:
            self._meter.add(EXPLANATIONS, outcome)
            self._meter.observe(EXPLANATION_DURATION, time.perf_counter() - began)
        return said

    async def close(self) -> None:
        await self._explainer.close()
