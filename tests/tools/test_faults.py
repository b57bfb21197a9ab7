"""Counts of faults, from the tests to the documents: a fault that went wrong, or that nobody tried, never looks like a success."""

import json
from pathlib import Path

import pytest

from tools.fault_counts import Count, Part, by_case, fresh, keep, kept, merged
from tools.faults import filled
from tools.faults import table as printed
from tools.scoreboard import BEGIN, END, NOT_MEASURED, ROWS, table
from tools.scoreboard import filled as with_board

DOCUMENT = (
    "# Faults\n\n| case | done | expected | cases | bad | seen |\n| F-01 | asked | answered | - | - | - |\n| F-02 | b | c | 7 | 0 | - |\n"
)
HERE = "tests/tools/test_faults.py::test_counts_of_several_tests_are_added"


def part(test: str, *, case: str = "F-02", cases: int = 10, bad: int = 0, measured: str = "") -> Part:
    return Part(case=case, test=test, cases=cases, bad=bad, measured=measured)


def test_counts_of_several_tests_are_added(tmp_path: Path):
    """One case may have several tests; one that is gone counts no more."""
    tests = {"a": (HERE, "x"), "b": (f"{HERE}[1]", "y"), "c": ("tests/tools/test_faults.py::test_of_yesterday", "z")}
    for name, (test, measured) in tests.items():
        counted = {"case": "F-02", "test": test, "cases": 10, "bad": 0, "measured": measured}
        (tmp_path / f"{name}.json").write_text(json.dumps(counted))
    assert by_case(fresh(tmp_path)) == {"F-02": Count(cases=20, bad=0, measured="x, y")}


def test_a_run_replaces_what_it_ran_and_nothing_else():
    """Parameters of a test that are gone leave with its next run; tests of another place stay."""
    before = [part("a.py::t[1]"), part("a.py::t[2]", bad=3), part("e2e/b.py::t"), part("a.py::t", case="F-01")]
    now = [part("a.py::t[3]", cases=5)]
    assert merged(before, now) == [part("a.py::t", case="F-01"), part("a.py::t[3]", cases=5), part("e2e/b.py::t")]


def test_a_smaller_run_replaces_a_larger_one_only_for_what_went_wrong():
    """`make test` has fewer cases than what was published, and does not take them back; a fault that it finds, or that is gone, counts."""
    large, small = [part("a.py::t", cases=500)], [part("a.py::t")]
    assert merged(large, small) == large
    assert merged(small, large) == large
    assert merged(large, [part("a.py::t", bad=1)]) == [part("a.py::t", bad=1)]
    assert merged([part("a.py::t", cases=500, bad=1)], small) == small


def test_what_is_kept_is_read_back(tmp_path: Path):
    """Nothing is kept before the first run."""
    file = tmp_path / "faults.json"
    assert kept(file) == []
    keep([part(HERE, bad=1, measured="x")], file)
    assert kept(file) == [part(HERE, bad=1, measured="x")]


def test_the_document_takes_the_counts():
    """And shows a dash where there is none any more."""
    written = filled(DOCUMENT, {"F-01": Count(cases=5012, bad=1, measured="18 operations")})
    assert "| F-01 | asked | answered | 5,012 | 1 | 18 operations |" in written
    assert "| F-02 | b | c | - | - | - |" in written
    assert list(printed(written)) == ["F-01    5,012 cases    1 bad  asked  [18 operations]", "F-02        - cases    - bad  b"]


def test_a_case_without_a_row_is_an_error():
    """What is counted is explained."""
    with pytest.raises(SystemExit, match="F-50"):
        filled(DOCUMENT, {"F-50": Count(cases=1, bad=0, measured="")})


def test_the_scoreboard_says_what_has_no_record():
    """A row of several cases is measured only once all of them are; what went wrong is counted beside."""
    row = ROWS[0]
    of_all = dict.fromkeys(row.cases, Count(cases=1000, bad=2, measured=""))
    assert f"| 3,000 | {row.wrong} | 6 |" in table(of_all, [])
    without_one = table({case: of_all[case] for case in row.cases[1:]}, [])
    assert without_one.count(NOT_MEASURED) == len(ROWS) + 1


def test_the_scoreboard_names_the_machine_of_a_load():
    """A broken promise is shown as one."""
    load = {"milliseconds": {"answered_ms": {"p50": 3, "p95": 60.5, "p99": 90}}, "asked_a_second": 19.8, "failed": 0, "refused": 2}
    run = {"script": "search", "machine": {"processor": "X", "cores": 2}, "vectors": 1465, "model": "m", "kept": False, "load": load}
    assert "| `search` | X, 2 cores | 1,465, m | 19.8 | 3, 60.5, 90 | 0, 2 | not kept |" in table({}, [run])


def test_only_what_is_between_the_marks_is_written():
    """The rest of the page is a person's."""
    assert with_board(f"a\n{BEGIN}\nold\n{END}\nb\n", "new") == f"a\n{BEGIN}\nnew\n{END}\nb\n"


def test_a_case_with_two_rows_is_an_error():
    """The counts are of the case: the other row would show a dash for ever."""
    with pytest.raises(SystemExit, match="more than one row for F-01"):
        filled(DOCUMENT + "| F-01 | asked otherwise | answered | - | - | - |\n", {})
