"""Stages that somebody follows."""

import asyncio

import pytest

from observability.stages import Stage, StageClock, note


class Recorded:
    """A `StageSpans` that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, object]] = []
        self.began = 0.0

    def begin(self, stage: Stage, began: float) -> "Recorded":
        self.began = began
        self.told.append(("begin", stage))
        return self

    def note(self, name: str, value: object) -> None:
        self.told.append((name, value))

    def end(self, ended: float, error: BaseException | None) -> None:
        self.told.append(("end", error))
        self.told.append(("seconds", ended - self.began))


def test_the_follower_and_the_header_have_one_measurement():
    """A trace never disagrees with `Server-Timing`: the difference of what the follower is told is what the clock keeps."""
    spans = Recorded()
    clock = StageClock(spans)
    with clock.stage(Stage.SEARCH):
        note("hits", 3)
    assert spans.told == [("begin", Stage.SEARCH), ("hits", 3), ("end", None), ("seconds", clock.seconds[Stage.SEARCH])]


def test_a_failure_is_told():
    """Whoever follows learns what went wrong, and the error goes on."""
    spans = Recorded()
    error = KeyError("x")
    with pytest.raises(KeyError), StageClock(spans).stage(Stage.ENCODE):
        raise error
    assert ("end", error) in spans.told


def test_nobody_listens():
    """Code deep below may always say something: outside of a followed stage it goes nowhere."""
    note("x", 1)
    with StageClock().stage(Stage.CACHE):
        note("x", 1)


async def test_stages_of_requests_at_once_do_not_mix():
    """What is noted belongs to the stage of the task that notes it."""
    followers = [Recorded() for _ in range(5)]

    async def one(number: int) -> None:
        with StageClock(followers[number]).stage(Stage.ENCODE):
            await asyncio.sleep(0)
            note("number", number)

    await asyncio.gather(*map(one, range(5)))
    assert [dict(each.told)["number"] for each in followers] == list(range(5))
