"""Figures of a benchmark, its verdict and its picture."""

import math
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from jobs.benchmark.report import plot, statistics, verdict


def test_statistics_are_those_of_the_textbook():
    """Percentiles by linear interpolation, the deviation of the sample."""
    found = statistics([float(number) for number in range(1, 102)])
    assert found == {
        "p50": 51,
        "p90": 91,
        "p95": 96,
        "p99": 100,
        "min": 1,
        "max": 101,
        "mean": 51,
        "std": round(np.std(range(101), ddof=1), 3),
    }
    assert statistics([3.0])["std"] == 0


@pytest.mark.parametrize(("p95", "recall", "met"), [(50, 0.98, True), (50.1, 1.0, False), (1, 0.97, False), (1, math.nan, False)])
def test_fast_and_wrong_is_not_met(p95: float, recall: float, *, met: bool):
    """Nor is anything whose recall is not known."""
    judged = verdict({"total": {"p95": p95}}, recall, most_ms=50, least_recall=0.98)
    assert judged["met"] is met


def test_the_picture_is_one():
    """Well-formed, with a line for each stage and one for the limit, and nothing outside of it."""
    drawn = plot({"encode": [1.0, 2.0], "total": [5.0, 900.0]}, title="a < b & c", most_ms=50)
    root = ET.fromstring(drawn)  # noqa: S314  # our own
    lines = [each for each in root if each.tag.endswith("polyline")]
    assert len(lines) == 3
    heights = [float(point.split(",")[1]) for line in lines for point in line.attrib["points"].split()]
    assert 0 <= min(heights) <= max(heights) <= 360
    assert "a < b & c" in [each.text for each in root]
