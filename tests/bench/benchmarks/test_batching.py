"""The batching benchmark asks the service's own queue, with one difference between its arms."""

import time

import numpy as np
import pytest

from bench.benchmarks.batching import CALLERS, ONE_BY_ONE, TOGETHER, asked, figures
from service.encode import MAX_BATCH


class Tower:
    """Notes how many texts come at once, and takes long enough for others to come meanwhile."""

    dim, device = 2, "cpu"

    def __init__(self) -> None:
        self.batches: list[int] = []

    def encode_texts(self, texts):
        self.batches.append(len(texts))
        time.sleep(0.002)
        return np.ones((len(texts), 2), np.float32)


@pytest.mark.parametrize("most", [1, MAX_BATCH])
async def test_one_by_one_is_the_same_without_batches(most):
    """Every text is encoded once and answered; what waits goes together where that is asked for, and nowhere else."""
    tower = Tower()
    _, times = await asked(tower, [str(number) for number in range(64)], callers=8, most=most)
    assert len(times) == sum(tower.batches) == 64
    assert (max(tower.batches) == 1) == (most == 1)


async def test_a_single_caller_waits_for_nobody():
    """The window is zero: alone, each query goes at once, whatever might come."""
    tower = Tower()
    await asked(tower, [str(number) for number in range(8)], callers=1, most=MAX_BATCH)
    assert tower.batches == [1] * 8


def test_above_one_is_better():
    """More a second, and fewer milliseconds."""
    good = {f"{callers} {name}": [value] for callers in CALLERS for name, value in (("rate", 300.0), ("ms", 5.0))}
    bad = {f"{callers} {name}": [value] for callers in CALLERS for name, value in (("rate", 200.0), ("ms", 10.0))}
    found = {each.what: each.value for each in figures([{TOGETHER: good, ONE_BY_ONE: bad}] * 3)}
    assert found["8 callers: rate, together / one by one"] == 1.5
    assert found["1 caller: P95, one by one / together"] == 2
