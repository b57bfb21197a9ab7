"""Counts of fault cases: each test that runs some says how many, and how many went wrong. `make faults` prints the sums.

The counts lie in .build/faults/, one file for each test, so that any number of test processes can write at once.
"""

import hashlib
import json
import os
import re
from collections.abc import Collection
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".build/faults"
SCALE = float(os.environ.get("FAULT_SCALE", "1"))


def scaled(cases: int) -> int:
    """How many of a generated kind to run: FAULT_SCALE=5 runs five times as many."""
    return max(1, round(cases * SCALE))


def record(case_id: str, cases: int, bad: int | Collection[object] = (), *, measured: str = "") -> None:
    """Count `cases` for `case_id` (F-01) of docs/faults.md, and fail the test that calls if any of them is `bad`.

    `bad`: how many, or what they were. `measured`: a few words on what was seen, such as the slowest; never compared with anything.
    """
    assert re.fullmatch(r"F-\d\d", case_id), case_id
    assert cases > 0, "a fault case that runs nothing proves nothing"
    wrong = bad if isinstance(bad, int) else len(bad)
    write(case_id, os.environ["PYTEST_CURRENT_TEST"].rpartition(" ")[0], cases=cases, bad=wrong, measured=measured)
    shown = "" if isinstance(bad, int) else ": " + "; ".join(str(each)[:200] for each in list(bad)[:5])
    assert not wrong, f"{wrong} of {cases} cases of {case_id} went wrong{shown}"


def write(case_id: str, test: str, *, cases: int, bad: int, measured: str) -> None:
    """The count of one test, in place of its last."""
    counted = {"case": case_id, "test": test, "cases": cases, "bad": bad, "measured": measured}
    FOLDER.mkdir(parents=True, exist_ok=True)
    name = f"{case_id}-{hashlib.blake2b(test.encode(), digest_size=6).hexdigest()}.json"
    (FOLDER / name).write_text(json.dumps(counted), "utf-8")
