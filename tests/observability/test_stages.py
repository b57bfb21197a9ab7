"""Timing stages."""

import pytest

from observability.stages import Stage, StageClock


def test_a_stage_that_fails_is_timed_too():
    """A slow failure is seen as slow."""
    clock = StageClock()
    with pytest.raises(ValueError, match="x"), clock.stage(Stage.ENCODE):
        raise ValueError("x")
    assert Stage.ENCODE in clock.seconds


def test_server_timing_names_every_stage_and_the_total():
    """The header follows the W3C form that browsers show."""
    clock = StageClock()
    with clock.stage(Stage.VALIDATE):
        pass
    with clock.stage(Stage.VALIDATE):
        pass
    parts = clock.server_timing().split(", ")
    assert [part.split(";dur=")[0] for part in parts] == ["validate", "total"]
    assert all(float(part.split("=")[1]) >= 0 for part in parts)
