"""The search for the highest rate, against servers that are plain functions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.load import NONE, OK, SHED, Reply, p99, times
from bench.slo import NoRateError, Promise, highest, promise_of


class Server:
    """Keeps its promise up to `capacity` searches a second, and remembers what it was asked."""

    def __init__(self, capacity: float) -> None:
        self.capacity, self.tried = capacity, list[float]()

    async def holds(self, rate: float) -> bool:
        self.tried.append(rate)
        return rate <= self.capacity


@given(st.floats(0.2, 3000), st.floats(1, 100), st.sampled_from([1.25, 2.0]))
async def test_the_rate_is_found_from_either_side(capacity, first, step):
    """Never more than what holds, and less than it by the precision at most."""
    if first / step**8 > capacity:
        return
    found = await highest(Server(capacity).holds, first=first, step=step)
    assert capacity / 1.08 <= found * 1.000001
    assert found <= capacity


async def test_a_good_guess_is_cheap():
    """From the last answer on, a handful of trials."""
    server = Server(100)
    await highest(server.holds, first=98, step=1.25)
    assert len(server.tried) <= 5


async def test_the_time_is_kept():
    """What was found by then counts: a rate that held."""
    server = Server(1000)
    found = await highest(server.holds, first=1, time_is_up=lambda: len(server.tried) >= 3)
    assert (found, len(server.tried)) == (4, 3)


async def test_no_rate_at_all():
    """A server that cannot do it is said to be one, in bounded time."""
    server = Server(0)
    with pytest.raises(NoRateError):
        await highest(server.holds, first=100)
    assert len(server.tried) == 9


def replies(*ms: float, status: int = OK):
    return [Reply(status, each) for each in ms]


def test_a_promise_is_about_every_search():
    """One that was refused, lost or not sent breaks it; so does a P99 beyond the bound, and silence."""
    promise = promise_of(replies(*[5.0] * 100))
    assert promise == Promise(10.0) == promise_of(replies(*[5.0] * 100), least=9.0)
    assert promise_of(replies(*[5.0] * 100), least=100.0) == Promise(100.0)
    assert promise.kept(replies(*[9.9] * 100))
    assert not promise.kept(replies(*[10.1] * 100))
    assert not promise.kept([*replies(*[1.0] * 1000), *replies(1.0, status=SHED)])
    assert not promise.kept([*replies(*[1.0] * 1000), *replies(0.0, status=NONE)])
    assert not promise.kept([])


def test_how_much_of_a_promise_is_broken():
    """What was late counts as what was refused does: it tells a rate that is far too high from a hiccup."""
    assert Promise(10.0).broken([*replies(9.0, 11.0, 10.0), *replies(0.1, status=SHED)]) == 0.5


def test_the_slowest_hundredth_may_be_slower():
    """Of a thousand, nine."""
    assert Promise(10.0).kept(replies(*[1.0] * 991, *[500.0] * 9))
    assert not Promise(10.0).kept(replies(*[1.0] * 985, *[500.0] * 15))


def test_only_answers_have_a_latency():
    """What was shed quickly does not make the server fast."""
    mixed = [*replies(10.0, 20.0), *replies(0.1, status=SHED)]
    assert times(mixed) == [10.0, 20.0]
    assert times(mixed, SHED) == [0.1]
    assert p99(replies(0.1, status=SHED)) == float("inf")
