"""What counts as without load, and what a rate is then held to, against replies that are made up."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from bench import capacity
from bench.capacity import Effort
from bench.load import OK, Reply

EFFORT = Effort(alone=30, trial=1.0, least=10, whole=60.0)


@dataclass
class Server:
    """Takes `alone` milliseconds for whoever asks again at once, `rested` at a constant rate, and far longer above `most` a second."""

    alone: float
    rested: float
    most: float
    asked: list[tuple[float, float]] = field(default_factory=list)

    async def one_by_one(self, _port: int, _bodies: Iterator[bytes], *, count: int, seconds: float) -> list[Reply]:
        assert seconds == capacity.LONGEST
        return [Reply(OK, self.alone)] * count

    async def offer(self, _port: int, _bodies: Iterator[bytes], *, rate: float, seconds: float) -> list[Reply]:
        self.asked.append((rate, seconds))
        return [Reply(OK, self.rested if rate <= self.most else 100 * self.rested)] * round(rate * seconds)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    server = Server(alone=20.0, rested=30.0, most=70.0)
    monkeypatch.setattr(capacity, "one_by_one", server.one_by_one)
    monkeypatch.setattr(capacity, "offer", server.offer)
    monkeypatch.setattr(capacity, "SETTLE", 0.0)
    return server


async def test_without_load_is_a_low_constant_rate(server: Server):
    """A fifth of what one caller asks who never pauses, for as many searches as were wanted: processors rest in between, as under load."""
    replies = await capacity.unloaded(0, itertools.repeat(b""), EFFORT)
    assert server.asked == [(pytest.approx(10.0), pytest.approx(3.0))]
    assert [each.ms for each in replies] == [30.0] * 30


async def test_a_fast_server_is_watched_for_as_long_as_under_load(server: Server):
    """Where the searches are soon over, a hiccup would be met under load alone."""
    server.alone = 1.0
    await capacity.unloaded(0, itertools.repeat(b""), EFFORT)
    assert server.asked == [(pytest.approx(200.0), EFFORT.trial)]


async def test_a_rate_is_held_to_what_a_rested_server_takes(server: Server):
    """Twice the 20 ms of a caller who never pauses would be less than the server takes at any constant rate of these."""
    server.rested = 45.0
    found = await capacity.capacity(0, itertools.repeat(b""), EFFORT)
    assert found.unloaded == [45.0] * 30
    assert 70 / 1.08 <= found.rate <= 70
