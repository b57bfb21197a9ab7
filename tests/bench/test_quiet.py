"""Waiting for a quiet machine, with a machine that is told how busy it is."""

import itertools
from collections.abc import Iterable, Iterator

import pytest

from bench.quiet import WINDOW, Quiet, Ticks, parse_ticks, share


class Machine:
    """Each window of half a second is as busy as the next of `shares` says; time passes only by sleeping."""

    def __init__(self, shares: Iterable[float]) -> None:
        self.now, self.busy, self.total = 0.0, 0.0, 0
        self.shares: Iterator[float] = iter(shares)

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.total += 100
        self.busy += 100 * next(self.shares)

    def quiet(self, *, patience: float) -> Quiet:
        return Quiet(read=lambda: Ticks(round(self.busy), self.total), clock=lambda: self.now, sleep=self.sleep, patience=patience)


def test_a_quiet_machine_costs_one_window():
    """The sample begins after half a second."""
    machine = Machine(itertools.repeat(0.05))
    assert machine.quiet(patience=20).wait()
    assert machine.now == WINDOW


def test_waits_until_the_others_are_done():
    """Three busy windows, then a quiet one."""
    machine = Machine([0.9, 0.5, 0.13, 0.1])
    quiet = machine.quiet(patience=20)
    assert quiet.wait()
    assert quiet.waited == machine.now == 4 * WINDOW


def test_gives_up_in_bounded_time():
    """A machine that stays busy is not waited for for ever."""
    machine = Machine(itertools.repeat(1.0))
    assert not machine.quiet(patience=3).wait()
    assert machine.now == 3


@pytest.mark.parametrize(
    ("stat", "busy", "total"),
    [
        ("cpu  10 1 5 100 20 2 3 4 0 0", 25, 145),
        ("cpu 0 0 0 7 3 0 0 0", 0, 10),
    ],
)
def test_what_counts_as_busy(stat, busy, total):
    """Idle and disk waits do not; time stolen by the hypervisor does; guests are in `user` already."""
    assert parse_ticks(stat) == Ticks(busy, total)


def test_no_tick_is_no_work():
    """Two readings of the same moment do not divide by zero."""
    assert share(Ticks(5, 10), Ticks(5, 10)) == 0
