"""Latency windows."""

from observability.latency import LatencyWindow


def test_percentiles_wait_for_enough_samples():
    """A P99 of three requests is not shown as one."""
    window = LatencyWindow()
    for n in range(1, 100):
        window.add(n / 1000)
        summary = window.summary()
        assert (summary["p95"] is None) == (n < 20)
        assert summary["p99"] is None
    window.add(0.1)
    assert window.summary()["p99"] is not None


def test_the_window_slides_and_the_count_goes_on():
    """Statistics are of the last requests; the count is of all."""
    window = LatencyWindow(size=10)
    for _ in range(10):
        window.add(5.0)
    for _ in range(10):
        window.add(0.001)
    summary = window.summary()
    assert (summary["count"], summary["window"], summary["max"]) == (20, 10, 1.0)


def test_nothing_yet():
    """An idle service shows nulls, not zeros."""
    assert LatencyWindow().summary()["mean"] is None
