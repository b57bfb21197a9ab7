"""The counts themselves: a fault that went wrong is never printed as a success."""

from pathlib import Path

import pytest

from tests.faults import record as counts
from tools.fault_counts import Count, by_case, fresh


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(counts, "FOLDER", tmp_path / "faults")
    return tmp_path / "faults"


def test_what_went_wrong_fails_the_test_and_is_counted(folder: Path):
    """The table shows it even though the test that found it stopped there."""
    with pytest.raises(AssertionError, match="2 of 5 cases of F-01 went wrong: one; two"):
        counts.record("F-01", 5, ["one", "two"])
    assert by_case(fresh(folder))["F-01"] == Count(cases=5, bad=2, measured="")


@pytest.mark.parametrize(("case", "cases"), [("F-1", 1), ("", 1), ("F-01", 0)])
def test_a_count_of_nothing_is_refused(folder: Path, case: str, cases: int):
    """A test that ran no case must not look like one that found no fault."""
    with pytest.raises(AssertionError):
        counts.record(case, cases)
    assert not folder.exists()
