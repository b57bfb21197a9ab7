"""Explanations in the making: begun once, bounded, kept for a while, and given up at the end."""

import asyncio

import pytest

from service.cache import Cache, MemoryCache
from service.explanations import KEPT, KEPT_SECONDS, Explanations
from service.openai_explainer import OpenAIExplainer
from service.shared_explanations import PENDING_SECONDS, SharedExplanations, Status
from tests.openai_server import Mode, OpenAIServer
from tests.service.hostile import ORDERS, PLACES, SECRET, answer_with
from tests.service.test_plain_text import LIVE


class Clock:
    """Moved by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Made:
    """Explanations by a real adapter on a server of the test's."""

    def __init__(self, server: OpenAIServer, cache: Cache | None = None) -> None:
        self.server, self.clock, self.wall = server, Clock(), Clock()
        self.cache = cache or MemoryCache(entries=10_000, ttl=10_000, clock=self.clock)
        shared = SharedExplanations(self.cache, clock=self.wall)
        explainer = OpenAIExplainer(model="gpt-4", base_url=server.base_url, api_key=None, timeout=20)
        self.explanations = Explanations(explainer, shared, concurrency=2, clock=self.clock)

    async def of(self, query: str):
        found = await self.explanations.of(answer_with("Red heart", "title") | {"query": query})
        assert found
        return found

    async def end(self, query: str):
        """Once it is made, or is not to be had."""
        return await self.explanations.wait((await self.of(query)).id, 30)


@pytest.fixture
async def made():
    async with OpenAIServer() as server:
        made = Made(server)
        yield made
        await made.explanations.close()


async def test_it_is_there_when_it_is_made(made: Made):
    """First pending, at once; then ready, with the model's name; a second time known without asking."""
    first = await made.of("red heart")
    assert (first.status, first.text) == (Status.PENDING, None)
    ready = await made.explanations.wait(first.id, 30)
    assert ready
    assert (ready.status, ready.text, ready.model, ready.id) == (Status.READY, made.server.text, "gpt-4", first.id)
    assert await made.of("red  heart ") == ready
    assert len(made.server.requests) == 1


async def test_waiting_ends_with_its_time(made: Made):
    """No wait is longer than was said, and the explanation goes on without it."""
    made.server.gate.clear()
    found = await made.of("red heart")
    waited = await made.explanations.wait(found.id, 0.05)
    assert waited
    assert waited.status is Status.PENDING
    made.server.gate.set()
    ready = await made.explanations.wait(found.id, 30)
    assert ready
    assert ready.status is Status.READY


async def test_a_caller_who_goes_takes_nothing_along(made: Made):
    """Two wait for one explanation: that the first is cancelled is nothing to the second."""
    made.server.gate.clear()
    found = await made.of("red heart")
    first = asyncio.create_task(made.explanations.wait(found.id, 30))
    await made.server.until_busy(1)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    made.server.gate.set()
    ready = await made.explanations.wait(found.id, 30)
    assert ready
    assert ready.status is Status.READY


async def test_equal_questions_are_one(made: Made):
    """A herd that asks the same is answered by one request."""
    found = {(await made.of("red heart")).id for _ in range(50)}
    assert len(found) == 1
    await made.end("red heart")
    assert len(made.server.requests) == 1


async def test_other_results_are_another_question(made: Made):
    """What is kept fits the results it is shown beside."""
    await made.end("red heart")
    other = answer_with("Red heart", "title")
    other["results"][0]["key"] = "77"
    found = await made.explanations.of(other)
    assert found
    assert found.status is Status.PENDING


async def test_what_is_too_much_is_unavailable_at_once(made: Made):
    """Two are made, sixteen wait, and the nineteenth is told so; none is lost, and never more than two are made at once."""
    made.server.gate.clear()
    found = [await made.of(f"heart {n}") for n in range(30)]
    assert [each.status for each in found] == [Status.PENDING] * 18 + [Status.UNAVAILABLE] * 12
    await made.server.until_busy(2)
    made.server.gate.set()
    ends = await asyncio.gather(*(made.explanations.wait(each.id, 30) for each in found[:18]))
    assert all(each and each.status is Status.READY for each in ends)
    assert made.server.most == 2


async def test_what_failed_is_tried_by_the_next_search(made: Made):
    """Under its own id it stays unavailable, so that nobody waits on; a new search begins anew."""
    made.server.mode = Mode.BROKEN
    failed = await made.end("red heart")
    assert failed
    assert (failed.status, failed.text) == (Status.UNAVAILABLE, None)
    made.server.mode = Mode.SAY
    again = await made.end("red heart")
    assert again
    assert again.status is Status.READY
    still = await made.explanations.wait(failed.id, 0)
    assert still
    assert still.status is Status.UNAVAILABLE


async def test_a_model_that_keeps_failing_is_left_alone(made: Made):
    """After three failures nothing is asked for five seconds; then one question finds out."""
    made.server.mode = Mode.LIMITED
    for n in range(6):
        await made.end(f"heart {n}")
    assert len(made.server.requests) == 3
    made.server.mode = Mode.SAY
    made.clock.now += 5
    ready = await made.end("heart")
    assert ready
    assert ready.status is Status.READY


async def test_a_defect_of_the_adapter_stays_here(made: Made, caplog: pytest.LogCaptureFixture):
    """An error that nobody foresaw is logged, and the explanation is unavailable like any other."""

    async def fail(_prompt):
        raise RuntimeError("boom")

    made.explanations._explainer.explain = fail
    failed = await made.end("red heart")
    assert failed
    assert failed.status is Status.UNAVAILABLE
    assert "boom" in caplog.text


async def test_nothing_found_explains_itself(made: Made):
    """No model is asked about nothing."""
    assert await made.explanations.of({"query": "x", "results": [], "total": 0}) is None


async def test_it_is_forgotten_in_time(made: Made):
    """An hour later its id means nothing, and its question is asked again."""
    found = await made.of("red heart")
    await made.explanations.wait(found.id, 30)
    made.clock.now += max(KEPT_SECONDS, 10_000)
    assert await made.explanations.wait(found.id, 0) is None
    assert (await made.of("red heart")).id != found.id


async def test_what_is_kept_is_bounded(made: Made):
    """However much is asked, the oldest make room, and what is being made is still counted."""
    made.server.gate.clear()
    first = await made.of("first")
    found = [await made.of(f"heart {n}") for n in range(KEPT + 50)]
    assert await made.explanations.wait(first.id, 0) is None
    assert len(made.explanations._by_id) == len(made.explanations._by_facts) == KEPT
    assert found[-1].status is Status.UNAVAILABLE
    assert len(made.explanations._tasks) == 18


async def test_ids_cannot_be_guessed(made: Made):
    """128 random bits each."""
    ids = {(await made.of(f"heart {n}")).id for n in range(30)}
    assert len(ids) == 30
    assert all(len(each) == 22 for each in ids)
    assert await made.explanations.wait("A" * 22, 0) is None


async def test_at_the_end_everything_is_given_up(made: Made):
    """Neither what is being made nor what waits for it holds up the end of the process."""
    made.server.mode = Mode.HANG
    found = [await made.of(f"heart {n}") for n in range(10)]
    await made.server.until_busy(2)
    waiting = asyncio.create_task(made.explanations.wait(found[0].id, 600))
    await asyncio.sleep(0)
    await made.explanations.close()
    end = await waiting
    assert end
    assert end.status is Status.UNAVAILABLE
    assert not made.explanations._tasks


@pytest.fixture
async def other(made: Made):
    """Another replica, which shares nothing but the cache."""
    other = Made(made.server, made.cache)
    other.wall = made.wall
    other.explanations._shared = SharedExplanations(made.cache, clock=made.wall)
    yield other
    await other.explanations.close()


async def test_a_follow_up_may_meet_another_replica(made: Made, other: Made):
    """It is as pending there, and as ready, and its question is not asked a second time."""
    made.server.gate.clear()
    found = await made.of("red heart")
    await made.server.until_busy(1)
    pending = await other.explanations.wait(found.id, 0.01)
    assert pending
    assert pending.status is Status.PENDING
    waiting = asyncio.create_task(other.explanations.wait(found.id, 30))
    made.server.gate.set()
    assert await waiting == await made.explanations.wait(found.id, 30) == await other.of("red heart")
    assert len(made.server.requests) == 1


async def test_another_replica_learns_of_a_failure(made: Made, other: Made):
    """Nobody waits there for what has failed here."""
    made.server.mode = Mode.BROKEN
    failed = await made.end("red heart")
    assert failed
    assert await other.explanations.wait(failed.id, 30) == failed


async def test_another_replica_learns_of_the_end(made: Made, other: Made):
    """What was given up at a shutdown is not waited for."""
    made.server.gate.clear()
    found = await made.of("red heart")
    await made.server.until_busy(1)
    await made.explanations.close()
    end = await other.explanations.wait(found.id, 30)
    assert end
    assert end.status is Status.UNAVAILABLE


async def test_a_replica_that_was_killed_is_not_waited_for(made: Made, other: Made):
    """It cannot say that its explanation will not come; time does."""
    made.server.gate.clear()
    found = await made.of("red heart")
    await made.server.until_busy(1)
    made.wall.now += PENDING_SECONDS + 1
    end = await other.explanations.wait(found.id, 30)
    assert end
    assert end.status is Status.UNAVAILABLE


@pytest.mark.parametrize("value", [b"", b"{}", b"\xff", b'{"id": 3}', b'{"id": "x", "status": "odd"}'])
async def test_what_is_no_explanation_is_none(made: Made, value: bytes):
    """A value of another version, or of anybody, is as good as none."""
    await made.cache.put("explanation:" + "A" * 22, value)
    assert await made.explanations.wait("A" * 22, 0) is None


@pytest.mark.parametrize("place", PLACES)
async def test_a_request_holds_only_what_is_listed(made: Made, place: str):
    """On the wire: nothing but the model, its parameters, the rules and the listed fields, and little of them.

    A model that repeats what it was told to say gets no link past.
    """
    for text in ORDERS:
        made.server.text = f"They say: {text[:2000]}".encode("utf-8", "replace").decode()
        found = await made.explanations.of(answer_with(text, place) | {"query": text[:512]})
        assert found
        ready = await made.explanations.wait(found.id, 30)
        request = made.server.requests[-1]
        assert set(request.body) == {"model", "messages", "temperature", "max_tokens"}
        assert [message["role"] for message in request.body["messages"]] == ["system", "user"]
        assert len(request.raw) < 16 * 1024
        assert SECRET.encode() not in request.raw
        assert ready
        assert ready.text
        assert not LIVE.search(ready.text)
    assert len(made.server.requests) == len(ORDERS)
