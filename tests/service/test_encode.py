"""The encoder's queue."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence

import numpy as np
import pytest

from searchindex.errors import Overloaded
from service.encode import MAX_BATCH, QueryEncoder
from service.model_thread import model_thread
from service.pace import Pace
from tests.fakes import DIM, FakeTextEncoder, unit

PATIENT = 60.0  # seconds: these tests are not about waiting


class GatedEncoder(FakeTextEncoder):
    """Waits inside the model until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.entered = threading.Event()

    def encode_texts(self, texts: Sequence[str]):
        self.entered.set()
        assert self.gate.wait(10)
        return super().encode_texts(texts)


class BrokenEncoder:
    dim = DIM

    def encode_texts(self, texts: Sequence[str]):  # noqa: ARG002  # the port's parameter
        raise RuntimeError("broken")


@pytest.fixture
async def gated() -> AsyncIterator[tuple[GatedEncoder, QueryEncoder]]:
    encoder = GatedEncoder()
    queue = QueryEncoder(encoder, model_thread("encode"), queue=12, wait=PATIENT)
    yield encoder, queue
    encoder.gate.set()
    await queue.close()


async def begin(queue: QueryEncoder, encoder: GatedEncoder, *texts: str) -> list[asyncio.Task]:
    """Tasks for the texts, of which the first is in the model."""
    tasks = [asyncio.create_task(queue.encode(texts[0]))]
    await asyncio.to_thread(encoder.entered.wait, 10)
    tasks += [asyncio.create_task(queue.encode(text)) for text in texts[1:]]
    await asyncio.sleep(0)
    return tasks


async def test_each_text_gets_its_own_vector(gated):
    """Batching never mixes answers up."""
    encoder, queue = gated
    texts = [f"text {n}" for n in range(10)]
    tasks = await begin(queue, encoder, *texts)
    encoder.gate.set()
    for text, vector in zip(texts, await asyncio.gather(*tasks), strict=True):
        assert np.array_equal(vector, unit(text))


async def test_identical_queries_in_flight_are_encoded_once(gated):
    """A thundering herd on one query costs one encoding, and so do those who ask while it is in work."""
    encoder, queue = gated
    tasks = await begin(queue, encoder, "same", "same", "same", "other", "other")
    encoder.gate.set()
    await asyncio.gather(*tasks)
    assert encoder.batches == [["same"], ["other"]]


async def test_a_recent_query_is_not_encoded_again(gated):
    """A page turned is not a text encoded."""
    encoder, queue = gated
    encoder.gate.set()
    await queue.encode("again")
    await queue.encode("again")
    assert encoder.batches == [["again"]]


async def test_what_waits_goes_in_one_batch(gated):
    """While the model is busy, arrivals gather; none waits alone for a window to end."""
    encoder, queue = gated
    tasks = await begin(queue, encoder, "first", *(f"next {n}" for n in range(10)))
    encoder.gate.set()
    await asyncio.gather(*tasks)
    assert [len(batch) for batch in encoder.batches] == [1, MAX_BATCH, 2]


async def test_a_superseded_query_is_never_encoded(gated):
    """Whoever types on takes the earlier keystrokes' work away."""
    encoder, queue = gated
    tasks = await begin(queue, encoder, "first", "r", "re", "red")
    for task in tasks[1:3]:
        task.cancel()
    await asyncio.gather(*tasks[1:3], return_exceptions=True)
    encoder.gate.set()
    await asyncio.gather(tasks[0], tasks[3])
    assert encoder.batches == [["first"], ["red"]]


async def test_one_caller_leaving_does_not_cost_the_others(gated):
    """Coalesced callers are independent."""
    encoder, queue = gated
    tasks = await begin(queue, encoder, "first", "same", "same")
    tasks[1].cancel()
    encoder.gate.set()
    assert np.array_equal(await tasks[2], unit("same"))


async def test_more_than_the_queue_holds_is_refused(gated):
    """Load beyond capacity is shed at once instead of making everybody wait."""
    encoder, queue = gated
    await begin(queue, encoder, "first", *(f"next {n}" for n in range(11)))
    with pytest.raises(Overloaded) as caught:
        await queue.encode("one too many")
    assert caught.value.retry_after >= 1


async def test_a_failing_model_fails_its_callers_and_nobody_else():
    """An error reaches those who asked, and the worker lives on."""
    queue = QueryEncoder(BrokenEncoder(), model_thread("encode"), queue=4, wait=PATIENT)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="broken"):
            await queue.encode("x")
    assert queue.waiting == 0
    await queue.close()


async def test_what_would_wait_too_long_is_refused_at_once(gated):
    """By how long the model takes, not by how many wait; equal queries are still joined, and known ones still answered."""
    encoder, queue = gated
    encoder.gate.set()
    await queue.encode("known")
    encoder.gate.clear()
    encoder.entered.clear()
    times = iter([0.0, 0.0, 1.0, 1.0, 3.0])  # one text in one second, two in two
    queue.pace = Pace(wait=0.001, most=2, clock=lambda: next(times, 3.0))
    for size in (1, 2):
        with queue.pace.timed(size):
            pass
    tasks = await begin(queue, encoder, "first", *(f"next {n}" for n in range(4)))
    tasks += [asyncio.create_task(queue.encode(text)) for text in ("next 4", "next 5", "next 0", "known")]
    await asyncio.sleep(0)
    encoder.gate.set()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(each, Overloaded) for each in found[-4:]] == [True, True, False, False]
    assert queue.outcomes["shed"] == 2


async def test_a_burst_after_a_rest_is_no_standing_queue(gated):
    """All at once, before the model has begun with the first: nothing has waited for a minute."""
    encoder, queue = gated
    now = [0.0]
    queue.pace = Pace(wait=0.1, most=8, clock=lambda: now[0])
    for size in (1, 8):
        with queue.pace.timed(size):
            now[0] += 0.005 * size
    now[0] += 60.0
    encoder.gate.set()
    await asyncio.gather(*(queue.encode(f"text {number}") for number in range(12)))
    assert queue.outcomes["shed"] == 0


async def test_a_refusal_keeps_the_queue_short(gated):
    """Nothing waits behind the batch in work, and yet more is asked than can be done: it was refused a moment ago."""
    encoder, queue = gated
    refused = []
    queue.pace.refused = lambda: refused.append(True)
    await begin(queue, encoder, "first", *(f"next {n}" for n in range(11)))
    with pytest.raises(Overloaded):
        await queue.encode("one too many")
    assert refused == [True]


@pytest.mark.fault("F-44")
async def test_a_model_that_hangs_keeps_nobody(gated, monkeypatch: pytest.MonkeyPatch):
    """Who waits is answered after a while, and what nobody waits for any more is not encoded when the model comes back."""
    monkeypatch.setattr("service.encode.GIVE_UP", 0.05)
    encoder, queue = gated
    tasks = await begin(queue, encoder, "first", "second")
    for each in await asyncio.gather(*tasks, return_exceptions=True):
        assert isinstance(each, Overloaded)
    assert (queue.outcomes["expired"], queue.waiting) == (2, 1)
    encoder.gate.set()
    monkeypatch.undo()
    await queue.encode("third")
    assert encoder.batches == [["first"], ["third"]]
