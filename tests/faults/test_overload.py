"""F-42: more searches than the encoder can do. Those that are taken are answered, the rest is refused at once, and a herd is one."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import httpx2
import pytest

from searchindex.stores.edge import EdgeStore
from service.encode import MAX_BATCH
from service.settings import Settings
from tests.fakes import FakeTextEncoder
from tests.faults.record import record, scaled
from tests.service.conftest import copy, indexed, parts_of, started

__all__ = ["indexed"]  # a fixture

EACH = 0.004  # seconds that the model works on one text
MS = 1000.0


class Working(FakeTextEncoder):
    """As long as a model of that speed would; `asked` counts its texts."""

    asked = 0

    def encode_texts(self, texts: Sequence[str]):
        self.asked += len(texts)
        time.sleep(EACH * len(texts))
        return super().encode_texts(texts)


class Loaded:
    """A service, and how it answered what it was asked."""

    def __init__(self, client: httpx2.AsyncClient, encoder: Working) -> None:
        self.client, self.encoder = client, encoder
        self.accepted: list[float] = []
        self.refused: list[float] = []
        self.bad: list[str] = []

    async def ask(self, query: str) -> None:
        began = time.perf_counter()
        answer = await self.client.post("/search", json={"query": query, "top_k": 3})
        spent = MS * (time.perf_counter() - began)
        if answer.status_code == 200 and answer.json()["query"] == query and answer.json()["total"] == 3:
            self.accepted.append(spent)
        elif (answer.status_code, answer.headers.get("retry-after")) == (503, "1") and answer.json()["type"].endswith("#overloaded"):
            self.refused.append(spent)
        else:
            self.bad.append(f"{query}: {answer.status_code} {answer.text[:100]}")

    async def offer(self, queries: Sequence[str], *, pause: float) -> None:
        """One after the other, whether or not they are answered."""
        async with asyncio.TaskGroup() as group:
            for query in queries:
                group.create_task(self.ask(query))
                await asyncio.sleep(pause)


@pytest.fixture
async def loaded(tmp_path: Path, indexed: Path) -> AsyncIterator[Loaded]:
    await asyncio.to_thread(copy, indexed, tmp_path)
    encoder = Working()
    settings = Settings(cache_entries=0)
    async with started(settings, parts_of(EdgeStore(tmp_path / "store"), encoder, queue=64)) as (client, _):
        loaded = Loaded(client, encoder)
        await loaded.ask("warm")
        yield loaded


async def test_steps_of_load(loaded: Loaded):
    """Once to five times what the model can do, then a burst: each is answered or refused with a time to come back, and what is refused
    costs the model nothing. Afterwards all is as before.
    """
    cases, seen = scaled(120), []
    for times in (1, 2, 3, 5, 20):
        loaded.accepted, loaded.refused = [], []
        await loaded.offer([f"{times} {number}" for number in range(cases)], pause=EACH / times)
        assert len(loaded.accepted) >= MAX_BATCH
        seen.append(f"{times}x: {len(loaded.refused)} of {cases} refused")
    assert loaded.refused
    loaded.accepted, asked = [], loaded.encoder.asked
    await loaded.ask("quiet again")
    assert (len(loaded.accepted), loaded.encoder.asked) == (1, asked + 1)
    record("F-42", 5 * cases, loaded.bad, measured="; ".join(seen))


async def test_what_is_refused_is_not_encoded(loaded: Loaded):
    """The model is asked for the accepted ones, each once, and for nothing else."""
    cases = scaled(200)
    asked, accepted = loaded.encoder.asked, len(loaded.accepted)
    await loaded.offer([f"burst {number}" for number in range(cases)], pause=0)
    assert loaded.encoder.asked - asked == len(loaded.accepted) - accepted
    assert loaded.refused
    record("F-42", cases, loaded.bad)


async def test_a_herd_is_encoded_once(loaded: Loaded):
    """However many ask the same at once, and however busy the model is: none is refused, and the model is asked once."""
    cases = scaled(300)
    asked, accepted = loaded.encoder.asked, len(loaded.accepted)
    await loaded.offer(["the same"] * cases, pause=0)
    assert (loaded.encoder.asked - asked, len(loaded.accepted) - accepted, loaded.refused) == (1, cases, [])
    record("F-42", cases, loaded.bad, measured="one encoding for a herd")
