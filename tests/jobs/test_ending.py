"""How the program ends, and what it leaves for whoever waits."""

import os
from pathlib import Path

import orjson
import pytest

from jobs.collection import CollectionMissing
from jobs.ending import COMPLETED, Ending, Reason, ending_of, fitted, leave_message, summary
from jobs.ledger import Entry, Ledger, Outcome
from jobs.limits import FailureBudgetExceeded, PruneLimitExceeded
from jobs.shards import Shard
from jobs.sources import SourceUnavailable
from jobs.stop import Interrupted
from searchindex.errors import CollectionMismatch, InvalidInput, ModelUnavailable, NotFound, StorageFull, StoreUnavailable


@pytest.mark.parametrize(
    ("error", "started", "reason", "status"),
    [
        (InvalidInput("x"), False, Reason.BAD_CONFIGURATION, 3),
        (NotFound("x"), False, Reason.BAD_CONFIGURATION, 3),
        (ModelUnavailable("x"), False, Reason.BAD_CONFIGURATION, 3),
        (CollectionMismatch("x"), False, Reason.FINGERPRINT_MISMATCH, 3),
        (CollectionMismatch("x"), True, Reason.FINGERPRINT_MISMATCH, 3),
        (InvalidInput("x"), True, Reason.BAD_CONFIGURATION, 3),
        (NotFound("x"), True, Reason.STORE_UNAVAILABLE, 4),
        (ModelUnavailable("x"), True, Reason.INTERRUPTED, 4),
        (StoreUnavailable("x"), False, Reason.STORE_UNAVAILABLE, 4),
        (StoreUnavailable("x"), True, Reason.STORE_UNAVAILABLE, 4),
        (StorageFull("x"), False, Reason.STORAGE_FULL, 4),
        (StorageFull("x"), True, Reason.STORAGE_FULL, 4),
        (CollectionMissing("x"), False, Reason.STORE_UNAVAILABLE, 4),
        (SourceUnavailable("x"), False, Reason.INTERRUPTED, 4),
        (SourceUnavailable("x"), True, Reason.INTERRUPTED, 4),
        (OSError(5, "Input/output error"), True, Reason.INTERRUPTED, 4),
        (FailureBudgetExceeded("x"), True, Reason.FAILURE_BUDGET_EXCEEDED, 5),
        (PruneLimitExceeded("x"), True, Reason.PRUNE_LIMIT_EXCEEDED, 5),
        (Interrupted(), True, Reason.INTERRUPTED, 143),
        (KeyError("x"), True, Reason.INTERNAL_ERROR, 1),
    ],
)
def test_what_can_be_mended_by_trying_again_is_told_apart(error: Exception, started: bool, reason: Reason, status: int):  # noqa: FBT001
    """Kubernetes retries by the exit status alone: 3 and 5 would only fail again, 4 and 143 would not."""
    ending = ending_of(error, started=started)
    assert (ending.reason, ending.status) == (reason, status)
    assert ending.message


def ledger_of(problems: int, *, uri: str = "picture-", message: str = "Cut.") -> Ledger:
    ledger = Ledger(total=problems + 3)
    for number in range(3):
        ledger.settle(Entry(uri=f"{number}.png", outcome=Outcome.INDEXED))
    for number in range(problems):
        ledger.settle(Entry(uri=f"{uri}{number}", outcome=Outcome.FAILED, reason="truncated", message=message))
    return ledger


def document(ledger: Ledger, ending: Ending = COMPLETED) -> dict:
    return fitted(summary(ending, ledger, shard=Shard(1, 2), fingerprint="f", seconds=1.23456))


def test_the_summary_is_what_a_controller_reads():
    """The names are a contract."""
    made = document(ledger_of(1))
    assert made == {
        "shard": 1, "shards": 2, "total": 4, "indexed": 3, "unchanged": 0, "skipped": 0, "failed": 1, "deleted": 0, "encoded": 0,
        "seconds": 1.235, "fingerprint": "f", "reason": "Completed", "message": "",
        "problems": [{"uri": "picture-0", "outcome": "failed", "reason": "truncated", "message": "Cut."}],
    }  # fmt: skip


@pytest.mark.parametrize("uri", ["ü" * 3000, '"\\' * 200, "caf\udce9" * 100, "\n\0" * 100, "a"])
def test_it_always_fits(uri: str):
    """The kubelet takes 4,096 bytes; beyond them the JSON would be cut in the middle. Whatever the names and messages are."""
    made = document(ledger_of(50, uri=uri, message='"' * 5000), Ending(Reason.STORE_UNAVAILABLE, 4, '\\"' * 5000))
    assert len(orjson.dumps(made)) <= 4096
    assert made["failed"] == 50
    assert made["problems"]
    assert made["message"]


def test_the_first_problems_stay():
    """Ten at most, in the order in which they were met."""
    assert [each["uri"] for each in document(ledger_of(50))["problems"]] == [f"picture-{number}" for number in range(10)]


def test_the_message_is_left_where_the_kubelet_looks(tmp_path: Path):
    """As JSON; a path that cannot be written changes no exit status."""
    assert leave_message(document(ledger_of(0)), tmp_path / "log") is None
    assert orjson.loads((tmp_path / "log").read_bytes())["reason"] == "Completed"
    assert "cannot be written" in (leave_message(document(ledger_of(0)), tmp_path / "no" / "log") or "")
    assert leave_message(document(ledger_of(0)), None) is None or os.access("/dev/termination-log", os.W_OK)
