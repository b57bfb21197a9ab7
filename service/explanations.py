"""Explanations that are known, in the making, or not to be had: made beside the search, so that no answer waits for one.

Bounded everywhere: how many are made at once, how many wait for that, how many are kept, and for how long. Equal questions about equal
results are asked once. A language model that keeps failing is left alone for a while.
"""

import asyncio
import hashlib
import logging
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from service.breaker import Breaker
from service.explain import RESULTS, Explainer, ExplanationUnavailable, Prompt, explanation_of, prompt_of
from service.shared_explanations import Shared, SharedExplanations, Status

log = logging.getLogger(__name__)

KEPT = 1024
KEPT_SECONDS = 3600.0
WAITING_EACH = 8  # explanations that may wait for one that is being made
GLANCE_SECONDS = 0.25  # between two looks at what another replica is making


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """`id` cannot be guessed: it is what lets one ask for the text, which is there once the status is `ready`."""

    id: str
    status: Status
    text: str | None
    model: str


@dataclass(slots=True, eq=False)
class _Making:
    """`task`: None where nothing is being made, as it is `known` already, or is not to be had."""

    id: str
    facts: bytes
    expires: float
    task: "asyncio.Task[str | None] | None" = None
    known: str | None = None

    def status(self) -> Status:
        if self.task is not None and not self.task.done():
            return Status.PENDING
        return Status.UNAVAILABLE if self.text() is None else Status.READY

    def text(self) -> str | None:
        if self.task is None or not self.task.done() or self.task.cancelled():
            return self.known
        return self.task.result()


class Explanations:
    """One per process; belongs to its event loop. `concurrency`: how many are made at once. `clock` is monotonic, in seconds."""

    def __init__(
        self,
        explainer: Explainer,
        shared: SharedExplanations,
        *,
        concurrency: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._explainer, self._shared, self._clock = explainer, shared, clock
        self._turns = asyncio.Semaphore(concurrency)
        self._most = concurrency * (1 + WAITING_EACH)
        self._breaker = Breaker(limit=3, window=60.0, rest=5.0, longest=60.0, clock=clock)
        self._tasks: set[asyncio.Task[str | None]] = set()
        self._by_id: OrderedDict[str, _Making] = OrderedDict()  # oldest first, and so the first to expire
        self._by_facts: dict[bytes, _Making] = {}

    @property
    def model(self) -> str:
        return self._explainer.model

    async def of(self, answer: Mapping[str, Any]) -> Explanation | None:
        """Of the document that a search answers with: known, or now in the making, or unavailable where too much is.

        Waits for no language model. None where nothing was found, which explains itself.
        """
        if not answer["results"]:
            return None
        self._forget()
        prompt = prompt_of(answer)
        facts = self._facts(prompt, answer)
        if self._missing(facts):
            known = await self._shared.of(facts)
            if self._missing(facts):  # still: another search may have come by meanwhile
                self._keep(self._begin(facts, prompt) if known is None else self._taken_over(facts, known))
        return self._shown(self._by_facts[facts])

    async def wait(self, id: str, seconds: float) -> Explanation | None:
        """As it is once it is no longer pending, or after so many seconds. None where there is none of that id, or no longer."""
        self._forget()
        making = self._by_id.get(id)
        if making is None:
            return await self._elsewhere(id, seconds)
        if making.task is not None:
            await asyncio.wait((making.task,), timeout=seconds)
        return self._shown(making)

    async def close(self) -> None:
        """What is in the making is given up."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._explainer.close()

    async def _elsewhere(self, id: str, seconds: float) -> Explanation | None:
        """What another replica makes."""
        end = time.monotonic() + seconds
        while True:
            found = await self._shared.find(id)
            if found is None:
                return None
            left = end - time.monotonic()
            if found.status is not Status.PENDING or left <= 0:
                return Explanation(id=id, status=found.status, text=found.text, model=self.model)
            await asyncio.sleep(min(GLANCE_SECONDS, left))

    def _missing(self, facts: bytes) -> bool:
        making = self._by_facts.get(facts)
        return making is None or making.status() is Status.UNAVAILABLE

    def _begin(self, facts: bytes, prompt: Prompt) -> _Making:
        making = _Making(secrets.token_urlsafe(16), facts, self._clock() + KEPT_SECONDS)
        if len(self._tasks) < self._most:
            making.task = asyncio.create_task(self._make(making, prompt))
            self._tasks.add(making.task)
            making.task.add_done_callback(self._tasks.discard)
        return making

    def _taken_over(self, facts: bytes, known: Shared) -> _Making:
        return _Making(known.id, facts, self._clock() + KEPT_SECONDS, known=known.text)

    def _keep(self, making: _Making) -> None:
        self._by_id[making.id] = self._by_facts[making.facts] = making
        self._forget()

    async def _make(self, making: _Making, prompt: Prompt) -> str | None:
        text = None
        try:
            await self._shared.begun(making.id)
            async with self._turns:
                text = await self._ask(prompt)
        finally:
            await self._shared.ended(making.id, making.facts, text)
        return text

    async def _ask(self, prompt: Prompt) -> str | None:
        turn = self._breaker.begin()
        if turn is None:
            return None
        with turn:
            try:
                text = explanation_of(await self._explainer.explain(prompt))
            except ExplanationUnavailable as error:
                log.warning("no explanation: %s", error)
            except Exception:
                log.exception("explaining failed")  # a defect, of which no search is to learn
            else:
                turn.succeeded()
                return text
            turn.failed()
            return None

    def _shown(self, making: _Making) -> Explanation:
        return Explanation(id=making.id, status=making.status(), text=making.text(), model=self.model)

    def _facts(self, prompt: Prompt, answer: Mapping[str, Any]) -> bytes:
        """Equal for the same question about the same best results, shown to the same model."""
        facts = [self.model, prompt.data, [result["key"] for result in answer["results"][:RESULTS]]]
        return hashlib.blake2b(orjson.dumps(facts), digest_size=16).digest()

    def _forget(self) -> None:
        """What has expired, and the oldest where there are too many."""
        while self._by_id:
            oldest = next(iter(self._by_id.values()))
            if oldest.expires > self._clock() and len(self._by_id) <= KEPT:
                return
            del self._by_id[oldest.id]
            if self._by_facts.get(oldest.facts) is oldest:
                del self._by_facts[oldest.facts]
