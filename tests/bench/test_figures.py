"""Medians, ratios and their spread."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.arms import enough
from bench.figures import Kind, Of, median_of, quantile, ratio_of

TIMES = st.lists(st.floats(0.001, 1000), min_size=1, max_size=30)


def rounds(*pairs: tuple[float, float]):
    return [{"a": {"ms": [above]}, "b": {"ms": [below]}} for above, below in pairs]


def test_quantiles_lie_between_order_statistics():
    """As numpy's default does."""
    assert quantile([4, 1, 3, 2], 0.5) == 2.5
    assert quantile([1, 2, 3, 4, 5], 0.25) == 2
    assert (quantile([7], 0), quantile([7], 0.95)) == (7, 7)
    with pytest.raises(ValueError, match="nothing"):
        quantile([], 0.5)


@given(TIMES, st.floats(0, 1))
def test_a_quantile_is_within_its_values(values, at):
    """Also where all are equal, or there is one."""
    assert min(values) <= quantile(values, at) <= max(values) or quantile(values, at) == pytest.approx(values[0])


def test_a_median_with_its_quartiles():
    """Of each round first the quantile asked for, then over the rounds."""
    taken = [{"a": {"ms": [0, number, 100]}} for number in (1, 2, 3, 4, 5)]
    found = median_of("a", taken, Of("a", "ms"), unit="ms")
    assert (found.kind, found.value, found.low, found.high) == (Kind.MEDIAN, 3, 2, 4)


def test_a_ratio_of_medians_is_within_its_interval():
    """One disturbed round moves neither the ratio nor, by much, the interval."""
    found = ratio_of("a / b", rounds((10, 5), (11, 5), (9, 5), (10, 5), (10, 500)), Of("a", "ms"), Of("b", "ms"))
    assert found.value == 2
    assert found.low <= found.value <= found.high


def test_a_ratio_is_the_same_every_time():
    """The resampling draws from a fixed seed, so the page follows from the samples."""
    taken = rounds((1, 2), (2, 3), (3, 3), (2, 5))
    assert ratio_of("r", taken, Of("a", "ms"), Of("b", "ms")) == ratio_of("r", taken, Of("a", "ms"), Of("b", "ms"))


@given(st.lists(st.tuples(st.floats(0.1, 10), st.floats(0.1, 10)), min_size=3, max_size=9), st.floats(0.5, 4))
def test_a_ratio_scales_with_what_is_above(pairs, factor):
    """Twice the time is twice the ratio, interval and all."""
    once = ratio_of("r", rounds(*pairs), Of("a", "ms"), Of("b", "ms"))
    more = ratio_of("r", rounds(*((factor * above, below) for above, below in pairs)), Of("a", "ms"), Of("b", "ms"))
    assert (more.value, more.low, more.high) == pytest.approx((factor * once.value, factor * once.low, factor * once.high))


def test_two_thirds_are_enough():
    """Fewer quiet rounds are no measurement."""
    assert [enough(quiet, 12) for quiet in (7, 8, 12)] == [False, True, True]
