"""Searches, timed stage by stage, and compared with exact ones."""

import asyncio
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from jobs.benchmark.questions import Question
from jobs.stop import Stop
from searchindex.ports import Query, TextEncoder, VectorStore

MS = 1000.0


@dataclass(slots=True)
class Times:
    """Milliseconds of each search, by stage. `encode` is empty where vectors were asked."""

    encode: list[float] = field(default_factory=list)
    search: list[float] = field(default_factory=list)
    total: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """`encoder` may be None where no question is a text; it is only ever used by one search at a time."""

    store: VectorStore
    encoder: TextEncoder | None
    top_k: int
    stop: Stop
    encoding: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def timed(self, questions: Sequence[Question], *, requests: int, clients: int) -> tuple[Times, float]:
        """The questions again and again until there are `requests`; with the searches a second."""
        times, asked = Times(), itertools.islice(itertools.cycle(questions), requests)
        began = time.perf_counter()

        async def client() -> None:
            for question in asked:
                self.stop.check()
                await self._one(question, times)

        await asyncio.gather(*(client() for _ in range(clients)))
        return times, requests / (time.perf_counter() - began)

    async def recall(self, questions: Sequence[Question]) -> float:
        """Share of what an exact search finds that was found, over all questions; NaN where there is nothing to find."""
        found = wanted = 0
        for question in questions:
            self.stop.check()
            vector = await self._vector(question)
            (near,), (exact,) = [await self.store.search([self._query(vector, exact=exact)]) for exact in (False, True)]
            wanted += len(exact)
            found += len({hit.id for hit in near} & {hit.id for hit in exact})
        return found / wanted if wanted else float("nan")

    async def _one(self, question: Question, times: Times) -> None:
        began = time.perf_counter()
        vector = await self._vector(question)
        encoded = time.perf_counter()
        await self.store.search([self._query(vector, exact=False)])
        ended = time.perf_counter()
        if question.text is not None:
            times.encode.append(MS * (encoded - began))
        times.search.append(MS * (ended - encoded))
        times.total.append(MS * (ended - began))

    async def _vector(self, question: Question) -> NDArray[np.float32]:
        if question.vector is not None:
            return question.vector
        if self.encoder is None or question.text is None:
            raise AssertionError("a text without an encoder")
        async with self.encoding:
            rows = await asyncio.to_thread(self.encoder.encode_texts, [question.text])
        row: NDArray[np.float32] = rows[0]
        return row

    def _query(self, vector: NDArray[np.float32], *, exact: bool) -> Query:
        return Query(vector=vector, limit=self.top_k, exact=exact)
