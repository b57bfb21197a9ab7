"""`python -m jobs index`: one shard, settings from the environment or from flags of the same names, an exit status to act on."""

import argparse
import asyncio
import os
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jobs.app import Job, perform
from jobs.ending import Ending, Reason, ending_of, fitted, leave_message, summary
from jobs.settings import JobSettings, read_settings, shard_of
from jobs.shards import WHOLE, Shard
from jobs.telemetry import set_up_logs
from searchindex import __version__
from searchindex.errors import SearchIndexError

NOT_FLAGS = {"qdrant_api_key", "job_completion_index"}  # a key on a command line is seen by every process


def main(argv: Sequence[str] | None = None) -> int:
    """The exit status: 0 completed, 3 configuration, 4 try again, 5 too much failed or gone, 143 asked to stop."""
    began = time.monotonic()
    given = _arguments(argv)
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


def _arguments(argv: Sequence[str] | None) -> dict[str, Any]:
    """Only what was given: the rest comes from the environment."""
    parser = argparse.ArgumentParser(prog="python -m jobs", description="Offline work on an index.")
    parser.add_argument("--version", action="version", version=__version__)
    command = parser.add_subparsers(required=True, metavar="index").add_parser(
        "index", help="index one shard of a folder into Qdrant", argument_default=argparse.SUPPRESS
    )
    for name, field in JobSettings.model_fields.items():
        if name not in NOT_FLAGS:
            command.add_argument(f"--{name.replace('_', '-')}", dest=name, help=(field.description or "").replace("%", "%%"))
    command.add_argument("--shard", help="I/N: the first of two is 0/2; the same as --shard-index and --shard-count")
    return vars(parser.parse_args(argv))


if __name__ == "__main__":
    set_up_logs()
    sys.exit(main())
