"""How an indexing process ends: a reason, an exit status that Kubernetes can act on, and a summary that fits where it is read.

0 completed · 3 the configuration cannot be used: trying again is of no use · 4 something did not answer: try again · 5 too much
failed, too much would be removed, or what was looked for is not so · 143 asked to stop · 1 a defect of the program
"""

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import orjson

from jobs.collection import CollectionMissing
from jobs.ledger import Ledger, Outcome
from jobs.limits import FailureBudgetExceeded, PruneLimitExceeded
from jobs.shards import Shard
from jobs.sources import SourceUnavailable
from jobs.stop import Interrupted
from searchindex.errors import CollectionMismatch, ModelUnavailable, NotFound, SearchIndexError, StorageFull, StoreUnavailable, shorten

MOST_BYTES = 4096  # what the kubelet takes of a termination message (Kubernetes documentation, "Customizing the termination message")
MOST_PROBLEMS = 10
MESSAGE_BYTES = 1000
DEFAULT_PATH = Path("/dev/termination-log")


class Reason(StrEnum):
    """Spelled as reasons of Kubernetes conditions are."""

    COMPLETED = "Completed"
    BAD_CONFIGURATION = "BadConfiguration"
    FINGERPRINT_MISMATCH = "FingerprintMismatch"
    STORE_UNAVAILABLE = "StoreUnavailable"
    STORAGE_FULL = "StorageFull"
    FAILURE_BUDGET_EXCEEDED = "FailureBudgetExceeded"
    PRUNE_LIMIT_EXCEEDED = "PruneLimitExceeded"
    TARGET_MISSED = "TargetMissed"
    DIFFERENCES = "Differences"
    INTERRUPTED = "Interrupted"
    INTERNAL_ERROR = "InternalError"


@dataclass(frozen=True, slots=True)
class Ending:
    reason: Reason
    status: int
    message: str = ""


COMPLETED = Ending(Reason.COMPLETED, 0)


_ALWAYS: tuple[tuple[type[Exception], Reason, int], ...] = (
    (Interrupted, Reason.INTERRUPTED, 143),
    (FailureBudgetExceeded, Reason.FAILURE_BUDGET_EXCEEDED, 5),
    (PruneLimitExceeded, Reason.PRUNE_LIMIT_EXCEEDED, 5),
    (StorageFull, Reason.STORAGE_FULL, 4),
    (StoreUnavailable, Reason.STORE_UNAVAILABLE, 4),
    (CollectionMissing, Reason.STORE_UNAVAILABLE, 4),
    (CollectionMismatch, Reason.FINGERPRINT_MISMATCH, 3),
    (SourceUnavailable, Reason.INTERRUPTED, 4),
)
_ONCE_STARTED: tuple[tuple[type[Exception], Reason, int], ...] = (
    (NotFound, Reason.STORE_UNAVAILABLE, 4),  # the collection was removed meanwhile; at the next attempt it may be there
    (ModelUnavailable, Reason.INTERRUPTED, 4),  # it was loaded, and fails now: a device, or memory
)
_ELSE: tuple[tuple[type[Exception], Reason, int], ...] = (
    (SearchIndexError, Reason.BAD_CONFIGURATION, 3),
    (OSError, Reason.INTERRUPTED, 4),
)


def ending_of(error: Exception, *, started: bool) -> Ending:
    """`started`: whether the pipeline was running. Before that what is missing or wrong is configuration; later it is circumstance."""
    for kind, reason, status in (*_ALWAYS, *(_ONCE_STARTED if started else ()), *_ELSE):
        if isinstance(error, kind):
            return Ending(reason, status, str(error))
    return Ending(Reason.INTERNAL_ERROR, 1, f"{type(error).__name__}: {error}")


def summary(ending: Ending, ledger: Ledger, *, shard: Shard, fingerprint: str | None, seconds: float) -> dict[str, Any]:
    """What a controller copies into a status. `total` is 0 where the pictures were not listed yet."""
    return {
        "shard": shard.index,
        "shards": shard.count,
        "total": ledger.total or 0,
        **{outcome.value: ledger.counts[outcome] for outcome in Outcome},
        "encoded": ledger.encoded,
        "seconds": round(seconds, 3),
        "fingerprint": fingerprint,
        "reason": ending.reason,
        "message": shorten(ending.message, MESSAGE_BYTES),
        "problems": [problem.as_json() for problem in ledger.problems[:MOST_PROBLEMS]],
    }


def fitted(document: dict[str, Any], *, limit: int = MOST_BYTES) -> dict[str, Any]:
    """Of at most `limit` bytes as JSON: the last problems are left out first, then the message is cut."""
    problems = list(document["problems"])
    while len(orjson.dumps(fitting := {**document, "problems": problems})) > limit and problems:
        problems.pop()
    if len(orjson.dumps(fitting)) > limit:
        fitting["message"] = shorten(document["message"], 100)
    return fitting


def leave_message(document: dict[str, Any], path: Path | None) -> str | None:
    """Write the termination message; a sentence where that is not possible. Nobody's exit status changes for it."""
    target = path or (DEFAULT_PATH if os.access(DEFAULT_PATH, os.W_OK) else None)
    if target is None:
        return None
    try:
        target.write_bytes(orjson.dumps(document))
    except OSError as error:
        return f"The termination message cannot be written to {target}: {error.strerror}."
    return None
