"""Searches at a constant rate through the ingress, while something is done to what answers them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
INGRESS = os.environ.get("E2E_INGRESS", "http://127.0.0.1:8081")
LONG = 1800  # seconds, unless it is ended before


@dataclass(slots=True)
class Load:
    """What came of it; empty until it has ended. Known names are asked for, which the cache soon has: it is not the machine that is tried.
    k6 repeats no search.
    """

    found: dict[str, Any] = field(default_factory=dict)
    said: str = ""

    @property
    def asked(self) -> int:
        return int(self.found["asked"])

    @property
    def failed(self) -> int:
        """Refused ones among them: to who asks, a search that is refused for a reason that is not theirs has failed."""
        return int(self.found["failed"]) + int(self.found["refused"])


@contextmanager
def under_load(host: str, *, rate: int, settle: float = 10.0) -> Iterator[Load]:
    """The rate is reached before the body begins, and held for `settle` seconds after it has ended."""
    load, result = Load(), ROOT / ".build/load/smoke.json"
    result.unlink(missing_ok=True)
    command = [sys.executable, "-m", "e2e.load", "smoke", "--target", INGRESS, "--host", host, "--rate", str(rate), "--seconds", str(LONG)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
    try:
        time.sleep(settle)
        yield load
        time.sleep(settle)
        assert process.poll() is None, "the load ended before what it was to accompany"
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
        load.said, _ = process.communicate(timeout=60)
    assert result.exists(), load.said
    load.found = json.loads(result.read_text("utf-8"))["load"]
