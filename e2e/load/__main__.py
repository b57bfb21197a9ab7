"""`python -m e2e.load NAME`: one run, its summary on the terminal, its result as a file. Ends with 1 where a promise is not kept."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2

from bench.machine import this_machine
from e2e.load.observed import Observed, observe
from e2e.load.options import SCRIPTS, Options, parse
from e2e.load.result import result_of

ROOT = Path(__file__).resolve().parents[2]
NOT_KEPT, INTERRUPTED = 99, 105  # k6's status where a threshold is crossed, and where it was told to end


def main(arguments: list[str]) -> int:
    """0: every promise kept; 1: not; 2: there was no run."""
    options = parse(arguments, dict(os.environ))
    stem = ROOT / "docs/results" / f"load-{options.keep}" if options.keep else ROOT / ".build/load" / options.name
    stem.parent.mkdir(parents=True, exist_ok=True)
    try:
        result = run(options, stem)
    except (RuntimeError, httpx2.HTTPError) as error:
        print(f"There was no run against {options.target}: {error}", file=sys.stderr)  # noqa: T201  # a person started it
        return 2
    stem.with_suffix(".json").write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    print(f"  {_shown(stem.with_suffix('.json'))}, {_shown(stem.with_suffix('.html'))}")  # noqa: T201  # where to look
    return 0 if result["kept"] else 1


def run(options: Options, stem: Path) -> dict[str, Any]:
    """Writes the page beside. RuntimeError where k6 is missing, or ended before its summary."""
    program, before = _k6(), observe(options)
    summary = _ask(program, options, summary=stem.with_suffix(".k6.json"), page=stem.with_suffix(".html"))
    after = _observed_again(options, before)
    return result_of(
        options, summary, seen=(before, after), machine=this_machine(), commit=_commit(), k6=_said(program, "version").split(" (")[0]
    )


def _observed_again(options: Options, before: Observed) -> Observed:
    """What the load left unable to answer is no reason to lose what it did."""
    try:
        return observe(options)
    except httpx2.HTTPError:
        return replace(before, hits=None, misses=None)


def _ask(program: str, options: Options, *, summary: Path, page: Path) -> dict[str, Any]:
    """Ctrl+C ends the run early, and what was found until then is kept."""
    told = {**os.environ, **options.environment(summary=summary, page=page)}  # not as flags: a list of processes would show the key
    with subprocess.Popen([program, "run", "--quiet", "--no-usage-report", str(SCRIPTS[options.name])], env=told) as process:
        try:
            process.wait()
        except KeyboardInterrupt:  # the terminal has sent it to k6 too
            process.wait()
    if process.returncode not in (0, NOT_KEPT, INTERRUPTED):
        raise RuntimeError(f"k6 ended with status {process.returncode}")
    found: dict[str, Any] = json.loads(summary.read_text("utf-8"))
    summary.unlink()
    return found


def _k6() -> str:
    """Of the test tools, else of the machine."""
    found = shutil.which("k6", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    if found is None:
        raise RuntimeError("k6 is not installed: run `make test`, which brings it, or see requirements/test.txt")
    return found


def _commit() -> str:
    """With a mark where the files differ from it."""
    return _said("git", "-C", str(ROOT), "describe", "--always", "--dirty", "--exclude", "*")


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
