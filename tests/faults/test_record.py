"""The counts themselves: a fault that went wrong is never printed as a success."""

import json
from pathlib import Path

import pytest

from tests.faults import record as counts
from tools.faults import Count, filled, recorded, table

DOCUMENT = (
    "# Faults\n\n| case | done | expected | cases | bad | seen |\n| F-01 | asked | answered | - | - | - |\n| F-02 | b | c | 7 | 0 | - |\n"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(counts, "FOLDER", tmp_path / "faults")
    return tmp_path / "faults"


def test_what_went_wrong_fails_the_test_and_is_counted(folder: Path):
    """The table shows it even though the test that found it stopped there."""
    with pytest.raises(AssertionError, match="2 of 5 cases of F-01 went wrong: one; two"):
        counts.record("F-01", 5, ["one", "two"])
    assert recorded(folder)["F-01"] == Count(cases=5, bad=2, measured="")


@pytest.mark.parametrize(("case", "cases"), [("F-1", 1), ("", 1), ("F-01", 0)])
def test_a_count_of_nothing_is_refused(folder: Path, case: str, cases: int):
    """A test that ran no case must not look like one that found no fault."""
    with pytest.raises(AssertionError):
        counts.record(case, cases)
    assert not folder.exists()


def test_counts_of_several_tests_are_added(folder: Path):
    """One case may have several tests; one that is gone counts no more."""
    folder.mkdir()
    here = "tests/faults/test_record.py::test_counts_of_several_tests_are_added"
    for name, test, measured in (("a", here, "x"), ("b", f"{here}[1]", "y"), ("c", "tests/faults/test_record.py::test_of_yesterday", "z")):
        (folder / f"{name}.json").write_text(json.dumps({"case": "F-02", "test": test, "cases": 10, "bad": 0, "measured": measured}))
    assert recorded(folder) == {"F-02": Count(cases=20, bad=0, measured="x, y")}


def test_the_document_takes_the_counts():
    """Rows that did not run keep theirs."""
    written = filled(DOCUMENT, {"F-01": Count(cases=5012, bad=1, measured="18 operations")})
    assert "| F-01 | asked | answered | 5,012 | 1 | 18 operations |" in written
    assert "| F-02 | b | c | 7 | 0 | - |" in written
    assert list(table(written)) == ["F-01    5,012 cases    1 bad  asked  [18 operations]", "F-02        7 cases    0 bad  b"]


def test_a_case_without_a_row_is_an_error():
    """What is counted is explained."""
    with pytest.raises(SystemExit, match="F-50"):
        filled(DOCUMENT, {"F-50": Count(cases=1, bad=0, measured="")})
