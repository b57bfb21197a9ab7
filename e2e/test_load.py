"""Load on the service, as `python -m e2e.load` brings it: no time is judged here, for the machine may be busy."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from e2e.product import REPOSITORY, SAMPLES, Product, Server

RESULT = REPOSITORY / ".build" / "load" / "smoke.json"
TIMED = "answered_ms"


def smoke(target: str) -> Any:
    """The result of three seconds."""
    RESULT.unlink(missing_ok=True)
    command = [sys.executable, "-m", "e2e.load", "smoke", "--target", target, "--seconds", "3"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode in (0, 1), done.stderr
    return json.loads(RESULT.read_text("utf-8"))


def broken(result: Any) -> list[str]:
    return [each["metric"] for each in result["load"]["promises"] if not each["kept"] and each["metric"] != TIMED]


def test_every_search_is_answered_by_what_was_meant(server: Server):
    """Load: smoke asks for known pictures, every answer holds them, and the result says of what it is."""
    result = smoke(server.address)
    load = result["load"]
    assert broken(result) == []
    assert load["asked"] == load["answered"] > 5
    assert (result["vectors"], result["collection"], result["model"]) == (SAMPLES, "demo", "ResNet10-MiniLM/pictograms")
    assert {"encode", "search"} <= set(load["stages"])
    assert RESULT.with_suffix(".html").read_text("utf-8").count("<tr>") > 10


@pytest.mark.timeout(200)
def test_an_answer_that_means_something_else_is_noticed(fresh: Product, flags: Path):
    """Load: a collection of flags answers quickly and wholly, and smoke says that it finds no owl."""
    done = fresh.run("index", flags, "--name", "flags")
    assert done.status == 0, done.err
    with fresh.serving("flags") as flagged:
        result = smoke(flagged.address)
    assert broken(result) == ["checks"]
    assert result["kept"] is False
