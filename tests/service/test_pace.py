"""How fast a model works, by a clock that is moved by hand."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.pace import HICCUP, Pace


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def pace_of(clock: Clock, *, wait: float, each: float) -> Pace:
    """Of a model that has shown to take `each` seconds for a text, and eight times as long for eight."""
    pace = Pace(wait=wait, most=8, clock=clock)
    for size in (1, 8):
        with pace.timed(size):
            clock.now += each * size
    clock.now += wait
    return pace


def test_nothing_is_refused_before_anything_is_known(clock: Clock):
    """The first batch, which also loads what was not loaded, says nothing about the next ones."""
    pace = Pace(wait=0.1, most=8, clock=clock)
    with pace.timed(1):
        clock.now += HICCUP
        assert not pace.is_too_late(60)


def test_an_idle_model_takes_at_least_a_batch(clock: Clock):
    """However slow it is: a request with eight texts at once is never refused by a model that has nothing to do."""
    for each in (0.001, 0.0045, 0.3):
        pace = pace_of(clock, wait=0.1, each=each)
        assert not any(pace.is_too_late(before) for before in range(8))
        assert pace.is_too_late(64)


def test_the_wait_until_ones_batch_begins_is_what_counts(clock: Clock):
    """16 ms of the batch in work and 16 more of a full one before are too much where a queue stands; as the first one goes on, they are
    not.
    """
    pace = pace_of(clock, wait=0.1, each=0.002)
    with pace.timed(8):
        assert not pace.is_too_late(8 + 7)
        assert pace.is_too_late(8 + 8)
        clock.now += 0.010
        assert not pace.is_too_late(8 + 8)


def test_a_burst_may_wait_and_a_standing_queue_may_not(clock: Clock):
    """The same queue is taken where it has just formed, and refused where there has been one for long, until nothing is refused."""
    pace = pace_of(clock, wait=0.1, each=0.002)
    pace.idle()
    with pace.timed(8):
        assert not pace.is_too_late(8 + 5 * 8)
        assert pace.is_too_late(8 + 6 * 8)
    for _ in range(7):
        with pace.timed(8):
            clock.now += 0.016
    with pace.timed(8):
        assert pace.is_too_late(8 + 8)
        pace.refused()
        pace.idle()
        assert pace.is_too_late(8 + 8)
        clock.now += 0.016
    clock.now += 0.09
    pace.idle()
    with pace.timed(8):
        assert not pace.is_too_late(8 + 5 * 8)


def waits_of(pace: Pace, clock: Clock, *, each: float, rate: float, seconds: float) -> list[float]:
    """What those waited who were taken, in the order of their batches, where `rate` texts come a second."""
    queue, waits, due, end = list[float](), list[float](), clock.now, clock.now + seconds
    while clock.now < end:
        if not queue:
            clock.now = max(clock.now, due)
            queue, due = [clock.now], clock.now + 1 / rate
            pace.idle()
        batch, queue = queue[: pace.batch], queue[pace.batch :]
        waits += [clock.now - since for since in batch]
        if not queue:
            pace.idle()
        with pace.timed(len(batch)):
            done = clock.now + each * len(batch)
            while due < done:
                clock.now = due
                if pace.is_too_late(len(batch) + len(queue)):
                    pace.refused()
                else:
                    queue.append(due)
                due += 1 / rate
            clock.now = done
    return waits


@pytest.mark.parametrize("each", [0.0005, 0.002, 0.0045, 0.02, 0.3])
@pytest.mark.parametrize("times", [1.5, 3, 10])
def test_beyond_the_capacity_nobody_who_is_taken_waits_long(clock: Clock, each: float, times: float):
    """After the first burst nobody waits for more than a quarter of it, or four texts, and not again after a while."""
    pace = pace_of(clock, wait=0.1, each=each)
    waits = waits_of(pace, clock, each=each, rate=times / each, seconds=max(5.0, 200 * each))
    late = waits[len(waits) // 5 :]
    assert max(late) <= max(0.025, 4.001 * each)
    assert len(waits) * each >= 0.95 * max(5.0, 200 * each)


def test_below_the_capacity_a_burst_is_taken(clock: Clock):
    """Also in a service that was never idle: as much as waits for 100 ms."""
    pace = pace_of(clock, wait=0.1, each=0.002)
    waits_of(pace, clock, each=0.002, rate=450, seconds=5.0)
    with pace.timed(8):
        assert not pace.is_too_late(8 + 5 * 8)


def test_a_slow_model_has_small_batches(clock: Clock):
    """Those who come meanwhile wait for the whole of it."""
    assert pace_of(clock, wait=0.1, each=0.002).batch == 8
    assert pace_of(clock, wait=0.1, each=0.005).batch == 5
    assert pace_of(clock, wait=0.1, each=1.0).batch in (3, 4)


def test_a_model_that_does_eight_in_the_time_of_one_has_large_ones(clock: Clock):
    """As a graphics card does: many callers at once are no overload for it, before it is known and after."""
    pace = Pace(wait=0.1, most=8, clock=clock)
    for size in (1, 1, 8, 4, 8):
        with pace.timed(size):
            clock.now += 0.02
        assert pace.batch == 8
        assert not pace.is_too_late(16)


def test_nobody_queues_before_a_model_that_hangs(clock: Clock):
    """A hiccup is forgiven; what is overdue for longer is not, until it has ended."""
    pace = pace_of(clock, wait=0.1, each=0.002)
    with pace.timed(1):
        clock.now += HICCUP
        assert not pace.is_too_late(1)
        clock.now += 0.1
        assert pace.is_too_late(1)
        assert pace.busy_for == pytest.approx(HICCUP + 0.1)
    assert pace.busy_for == 0


def test_it_follows_the_model(clock: Clock):
    """One slow batch changes little, many change it; a batch that failed says nothing."""
    pace = pace_of(clock, wait=0.1, each=0.002)
    with suppress(RuntimeError), pace.timed(1):
        clock.now += 100
        raise RuntimeError
    assert not pace.is_too_late(7)
    for _ in range(30):
        with pace.timed(8):
            clock.now += 8 * 0.02
    assert pace.batch < 8
    assert pace.is_too_late(16)


@given(st.lists(st.tuples(st.integers(1, 8), st.floats(1e-5, 100)), min_size=1, max_size=60))
def test_whatever_was_measured_it_stays_in_bounds(batches: list[tuple[int, float]]):
    """Noise of any kind never makes a batch of none, nor a time below nothing, nor refuses what an idle model would do at once."""
    clock = Clock()
    pace = Pace(wait=0.1, most=8, clock=clock)
    for size, seconds in batches:
        with pace.timed(size):
            clock.now += seconds
    assert 1 <= pace.batch <= 8
    assert pace._expected.start >= -1e-6
    assert pace._expected.each >= 0
    assert not pace.is_too_late(0)


def test_batches_that_tell_nothing_of_one_text_do_not_make_a_queue_long(clock: Clock):
    """Beyond the capacity all are nearly full, and the smaller ones may happen to take longer: what was seen of one text is held to."""
    pace = pace_of(clock, wait=0.1, each=0.005)
    for _ in range(50):
        for size, seconds in ((5, 0.028), (4, 0.030)):
            with pace.timed(size):
                clock.now += seconds
    with pace.timed(5):
        clock.now += 0.010
        assert not pace.is_too_late(5)
        assert pace.is_too_late(5 + pace.batch)


def test_a_batch_is_never_empty(clock: Clock):
    """Also where the start of a batch seems to take longer than a text may wait: or nothing would be encoded any more."""
    pace = pace_of(clock, wait=0.1, each=0.005)
    for size in (2, 3, 2, 3):
        with pace.timed(size):
            clock.now += 0.5 + size / 10_000
    assert pace.batch >= 1
