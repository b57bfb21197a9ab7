"""How many threads an inference has where nobody says."""

import os
import sys

import pytest

from searchindex.encoders.cores import physical, share, usable_cores

TWO_THREADS_EACH = {0: "0,2\n", 1: "1,3\n", 2: "0,2\n", 3: "1,3\n"}


@pytest.mark.parametrize(("processors", "cores"), [({0, 1, 2, 3}, 2), ({0, 2}, 1), ({0, 1}, 2), ({3}, 1)])
def test_two_threads_of_one_core_are_one_core(processors: set[int], cores: int):
    """They share its arithmetic: a second one makes an inference slower."""
    assert physical(processors, siblings=TWO_THREADS_EACH.__getitem__) == cores


@pytest.mark.parametrize(
    ("quota", "cores"), [("max 100000\n", None), ("200000 100000\n", 2), ("150000 100000\n", 2), ("10000 100000\n", 1)]
)
def test_a_container_may_have_less_than_the_machine(quota: str, cores: int | None):
    """More threads than that would use up the period's time at once, and then all of them stand until the next."""
    assert share(quota) == cores


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_a_process_bound_to_one_processor_has_one_core():
    """What `taskset` and Kubernetes' static CPU manager leave is what is counted."""
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert usable_cores() == 1
    finally:
        os.sched_setaffinity(0, before)
