"""Cron: the last tick, the next one, and what cannot be read."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.schedule import latest_tick, next_tick
from searchindex.errors import InvalidInput

NOON = datetime(2026, 3, 28, 12, 0, 30, tzinfo=UTC)


def test_the_latest_tick_since_then() -> None:
    """However many were missed it is one; none since then is none."""
    assert latest_tick("0 3 * * *", time_zone="Etc/UTC", after=NOON - timedelta(days=9), now=NOON) == datetime(2026, 3, 28, 3, tzinfo=UTC)
    assert latest_tick("0 3 * * *", time_zone="Etc/UTC", after=NOON - timedelta(hours=1), now=NOON) is None


def test_a_time_zone_s_clock_is_followed() -> None:
    """Three in the morning in Berlin is another moment in summer than in winter."""
    spring = next_tick("0 3 * * *", time_zone="Europe/Berlin", now=NOON)
    assert spring.astimezone(UTC) == datetime(2026, 3, 29, 1, tzinfo=UTC)
    winter = next_tick("0 3 * * *", time_zone="Europe/Berlin", now=NOON - timedelta(days=1))
    assert winter.astimezone(UTC) == datetime(2026, 3, 28, 2, tzinfo=UTC)


@given(st.integers(0, 10**8))
def test_a_tick_is_answered_once(seconds: int) -> None:
    """Looked at again from the tick itself, there is none."""
    now = NOON + timedelta(seconds=seconds)
    tick = latest_tick("*/7 * * * *", time_zone="Etc/UTC", after=NOON - timedelta(days=1), now=now)
    assert tick is not None
    assert tick <= now
    assert latest_tick("*/7 * * * *", time_zone="Etc/UTC", after=tick, now=now) is None


@pytest.mark.parametrize("schedule", ["", "x", "0 3 * * 99", "61 * * * *", "0 0 31 2 *"])
def test_what_cannot_be_read_is_named(schedule: str) -> None:
    """The message names the field; a date that never comes is one that cannot be read."""
    with pytest.raises(InvalidInput, match=r"indexing\.schedule"):
        next_tick(schedule, time_zone="Etc/UTC", now=NOON)


def test_an_unknown_time_zone_is_named() -> None:
    """The message says what to write."""
    with pytest.raises(InvalidInput, match="Europe/Berlin"):
        next_tick("0 3 * * *", time_zone="Mars/Base", now=NOON)
