"""`python -m jobs index`: one shard, and a summary and an exit status to act on, however it ends."""

import asyncio
import os
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from jobs.app import Job, perform
from jobs.ending import Ending, Reason, ending_of, fitted, leave_message, summary
from jobs.settings import JobSettings, read_settings, shard_of
from jobs.shards import WHOLE, Shard
from searchindex.errors import SearchIndexError


def run(given: dict[str, Any]) -> int:
    """The exit status: 0 completed, 3 configuration, 4 try again, 5 too much failed or gone, 143 asked to stop."""
    began = time.monotonic()
    try:
        settings = _settings(given)
    except SearchIndexError as error:
        path = os.environ.get("TERMINATION_MESSAGE_PATH")
        return _end(Job(shard=WHOLE), ending_of(error, started=False), began, Path(path) if path else None)
    job = Job(shard=shard_of(settings))
    try:
        ending = asyncio.run(perform(job, settings))
    except Exception as error:  # noqa: BLE001  # a defect: its trace for whoever mends it, its name for the one who waits
        traceback.print_exc()
        ending = Ending(Reason.INTERNAL_ERROR, 1, f"{type(error).__name__}: {error}")
    return _end(job, ending, began, settings.termination_message_path)


def _settings(given: dict[str, Any]) -> JobSettings:
    if (text := given.pop("shard", None)) is not None:
        shard = Shard.parse(text)
        given |= {"shard_index": shard.index, "shard_count": shard.count}
    settings = read_settings(**given)
    shard_of(settings)
    return settings


def _end(job: Job, ending: Ending, began: float, path: Path | None) -> int:
    seconds = time.monotonic() - began
    document = fitted(summary(ending, job.ledger, shard=job.shard, fingerprint=job.fingerprint, seconds=seconds))
    if problem := leave_message(document, path):
        job.say("warning", message=problem)
    if ending.status:
        print(f"{ending.reason}: {ending.message}", file=sys.stderr)  # noqa: T201  # what a person reads first
    job.say("summary", **document)
    return ending.status
