"""What has been measured already: kept in .build/bench/, so that a run that was stopped, or that met a busy machine, goes on.

A result is good for the code that it was measured of and the machine that it was measured on, and for nothing else.
"""

import json
from dataclasses import asdict
from hashlib import blake2b
from pathlib import Path
from typing import Any

from bench.benchmark import Result
from bench.figures import Figure, Kind
from bench.machine import Machine

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".build/bench"
MEASURED = ("bench", "cli", "jobs", "observability", "searchindex", "service")


def code(root: Path = ROOT) -> str:
    """A hash of all that is measured, and of what measures it."""
    found = blake2b(digest_size=16)
    for path in sorted(path for package in MEASURED for path in (root / package).rglob("*.py")):
        found.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


class Kept:
    """`made_of`: what `code` says, `machine`: this one."""

    def __init__(self, machine: Machine, *, made_of: str, folder: Path = FOLDER) -> None:
        self._folder, self._about = folder, {"code": made_of, "machine": json.loads(json.dumps(machine.as_json()))}

    def find(self, name: str) -> Result | None:
        """None where there is none, or one of other code or another machine."""
        try:
            kept = json.loads((self._folder / f"{name}.json").read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        return _result(kept["result"]) if kept["about"] == self._about else None

    def put(self, result: Result) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / f"{result.name}.json").write_text(json.dumps({"about": self._about, "result": asdict(result)}), "utf-8")


def _result(fields: dict[str, Any]) -> Result:
    figures = tuple(Figure(**{**each, "kind": Kind(each["kind"])}) for each in fields["figures"])
    return Result(**{**fields, "figures": figures})
