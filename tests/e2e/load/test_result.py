"""What a run's file says beside k6's own figures."""

from dataclasses import replace

import pytest

from bench.machine import this_machine
from e2e.load.observed import Observed, hit_rate, observed, samples
from e2e.load.options import parse
from e2e.load.result import result_of

METRICS = """\
# TYPE searchindex_cache_requests_total counter
searchindex_cache_requests_total{cache="redis",outcome="hit"} 30.0
searchindex_cache_requests_total{cache="redis",outcome="miss"} 1.5e+01
searchindex_build_info{version="0.1.0",python="3.11"} 1.0
searchindex_ready 1
"""
COLLECTION = {"name": "photos", "points": 1465, "model": "small", "fields": {}}
SEEN = Observed(collection="photos", points=1465, model="small", version="0.1.0", hits=30, misses=15)


def test_metrics_and_collection_are_read():
    """Counts of the cache by outcome, whichever cache it is."""
    assert observed(COLLECTION, samples(METRICS)) == SEEN


def test_metrics_that_cannot_be_read_leave_gaps():
    """A key that may only search still gets a result."""
    assert observed(COLLECTION, []) == replace(SEEN, version=None, hits=None, misses=None)


@pytest.mark.parametrize(
    ("hits", "misses", "rate"),
    [(60, 25, 0.75), (30, 15, None), (3, 1, None), (None, None, None)],
    ids=["of the run alone", "nothing asked", "another replica", "not readable"],
)
def test_the_hit_rate_is_of_the_run(hits: float | None, misses: float | None, rate: float | None):
    """What was counted before does not count, and a count that fell is no count."""
    assert hit_rate(SEEN, replace(SEEN, hits=hits, misses=misses)) == rate


@pytest.mark.parametrize("kept", [True, False])
def test_one_broken_promise_breaks_the_run(*, kept: bool):
    """`kept` is of all; machine, model and vectors stand beside it."""
    summary = {"cached_share": 0.5, "promises": [{"kept": True}, {"kept": kept}]}
    result = result_of(parse(["mixed"], {}), summary, seen=(SEEN, SEEN), machine=this_machine(), commit="abc", k6="k6 v1")
    assert result["kept"] is kept
    assert (result["vectors"], result["model"], result["machine"]["cores"]) == (1465, "small", this_machine().cores)
