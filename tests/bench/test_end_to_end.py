"""The end-to-end benchmarks' figures, from made-up samples, and what keeps one from being measured."""

import pytest

from bench import __main__ as program
from bench.benchmarks import overload, rates, redis_faults
from bench.catalogue import BENCHMARKS
from bench.figures import Kind


def value_of(figures, what: str) -> float:
    (found,) = [each.value for each in figures if each.what == what]
    return found


def test_rates_compare_the_product_with_the_baseline():
    """More searches a second, and fewer milliseconds, are both above one; each workload is compared with itself."""
    ours = {"zipf rate": [160.0], "zipf ms": [1.0], "distinct rate": [60.0], "distinct ms": [10.0]}
    seed = {"zipf rate": [16.0], "zipf ms": [40.0], "distinct rate": [15.0], "distinct ms": [50.0]}
    cached = {"zipf rate": [90.0], "zipf ms": [1.0]}
    arms = {rates.OURS: ours, rates.SEED: seed, rates.OURS_CACHED: cached, rates.SEED_CACHED: {"zipf rate": [45.0], "zipf ms": [1.0]}}
    assert set(arms) == set(rates.BENCHMARK.arms)
    figures = rates.figures([arms] * 3)
    assert value_of(figures, "Zipf, answers not cached: highest rate, product / baseline") == 10
    assert value_of(figures, "Zipf, answers cached in Redis: highest rate, product / baseline") == 2
    assert value_of(figures, "no query twice: highest rate, product / baseline") == 4
    assert value_of(figures, "no query twice, without load: baseline / product, P50") == 5


def level(*, shed: list[float], p99: float):
    return {"ms": [p99], "burst ms": [2 * p99], "shed ms": shed, "shed": [0.5], "lost": [0.0], "goodput": [1.0]}


def test_overload_compares_with_the_capacity():
    """A level at which nothing was refused has no time to refuse."""
    levels = {"1x": level(shed=[], p99=20.0), **{name: level(shed=[2.0], p99=30.0) for name in ("2x", "3x", "5x")}}
    sample = {f"{many} {name}": values for many, taken in levels.items() for name, values in taken.items()}
    figures = overload.figures([{overload.OURS: {**sample, "rate": [100.0], "alone ms": [10.0]}}] * 3)
    assert value_of(figures, "accepted, P99: 3 times the capacity / at the capacity") == 1.5
    assert value_of(figures, "3x: accepted in the first second, P99") == 60
    assert value_of(figures, "3x: time to refuse, P95") == 2
    assert not [each for each in figures if each.what == "1x: time to refuse, P95"]


def test_a_failed_search_is_never_averaged_away():
    """One failure in one round of three is shown."""
    well = {"before ms": [4.0], "first ms": [5.0], "after ms": [6.0], "added ms": [2.0], "asked": [100.0], "failed": [0.0]}
    rounds = [{arm: well | {"failed": [float(number == 1)]} for arm in redis_faults.FAULTS} for number in range(3)]
    figures = redis_faults.figures(rounds)
    assert value_of(figures, "hung: failed of 300") == 1
    assert value_of(figures, "hung: added at P95 once the breaker is open") == 2
    assert {each.kind for each in figures} == {Kind.MEDIAN}


def test_both_breakers_are_looked_at():
    """One that is open, or half so, is not closed."""
    line = 'searchindex_breaker_state{{breaker="cache-{}",state="{}"}} {}\n'
    text = line.format("reads", "closed", "1.0") + line.format("writes", "closed", "0.0") + line.format("writes", "open", "1.0")
    assert redis_faults.CLOSED.findall(text) == ["reads"]


def test_what_cannot_be_measured_here_is_said(monkeypatch, tmp_path, capsys):
    """Without torch the comparison is left out by name, with how to get it, and that is no success."""
    monkeypatch.setattr(rates, "TORCH", tmp_path)
    assert BENCHMARKS["rates"].missing()
    assert program.main(["rates"]) == 1
    assert "make bench-seed" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["rates", "overload", "redis-faults"])
def test_the_benchmarks_are_in_the_catalogue(name):
    """By the names that the command line takes."""
    assert BENCHMARKS[name].name == name
