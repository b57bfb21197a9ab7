"""What the program says: one JSON object a line on standard output, for a log collector and for a person alike."""

import sys
from collections.abc import Callable
from typing import Any

import orjson

from jobs.progress import Progress


def say(event: str, **facts: Any) -> None:
    """Flushed at once: a pod may be killed after any line."""
    sys.stdout.write(orjson.dumps({"event": event, **facts}).decode() + "\n")
    sys.stdout.flush()


class ProgressLines:
    """The sink that every run has."""

    def __init__(self, say: Callable[..., None] = say) -> None:
        self._say = say

    def publish(self, progress: Progress) -> None:
        self._say("progress", **progress.as_json())
