"""The commands that documents show, and how each is exercised; `python -m tools.doc_commands` prints those that no test runs.

A block of commands (```sh or ```console) says so in its fence, after the language:

    run              by `make test`, page by page and in order, in a folder that looks like a fresh checkout
    cluster          by `make e2e`, likewise, with kubectl and helm speaking to a cluster
    by FILE          by that test, in its own way
    not-run: REASON  by nobody, for that reason

In a ```console block only the lines that begin with `$ ` are commands.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

ROOT = Path(__file__).parent.parent
PLACES = ("README.md", "CONTRIBUTING.md", "docs/**/*.md", "e2e/**/*.md")
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LANGUAGES = {"sh", "console", "bash", "shell"}
SECONDS = 600


class How(StrEnum):
    """Who runs the commands of a block."""

    RUN = "run"
    CLUSTER = "cluster"
    BY = "by"
    NOT_RUN = "not-run:"


@dataclass(frozen=True, slots=True)
class Block:
    """`page` from the repository's root; `line` of the fence; `how` and `said` after it; `commands` as bash takes them."""

    page: str
    line: int
    how: str
    said: str
    commands: str

    @property
    def problem(self) -> str:
        """Empty where the fence says well how the block is exercised."""
        if self.how not in list(How):
            return "says not how it is run: run, cluster, by FILE, or not-run: REASON"
        if self.how == How.BY and not (ROOT / self.said).is_file():
            return f"is run by {self.said or 'nothing'}, which is not there"
        if self.how == How.NOT_RUN and not self.said:
            return "says not why it is not run"
        return "" if self.commands.strip() else "has no command"


def blocks(page: str, text: str) -> Iterator[Block]:
    """Of one page, in order."""
    for fence in FENCE.finditer(text):
        language, _, rest = fence[1].strip().partition(" ")
        if language in LANGUAGES:
            how, _, said = rest.strip().partition(" ")
            prompted = [line[2:] for line in fence[2].splitlines() if line.startswith("$ ")]
            commands = "\n".join(prompted) if language == "console" else fence[2]
            yield Block(page, text.count("\n", 0, fence.start()) + 1, how, said.strip(), commands)


def documented(root: Path = ROOT) -> list[Block]:
    """Of all documents."""
    pages = sorted({path for place in PLACES for path in root.glob(place)})
    return [block for page in pages for block in blocks(str(page.relative_to(root)), page.read_text("utf-8"))]


def of(page: str, how: How, found: list[Block]) -> str:
    """What bash is to run for one page, stopping at the first failure and saying each command before."""
    parts = [block.commands for block in found if (block.page, block.how) == (page, how)]
    return "\n".join(["set -euo pipefail", *parts])


def checkout(folder: Path) -> Path:
    """A folder that looks like a checkout of this repository, without its history; what is written into it harms nobody.

    The command `searchindex` is on its PATH, and keeps its indexes in it.
    """
    root = folder / "searchindex"
    root.mkdir(parents=True)
    for name in [*_tracked(), ".venv"]:
        (root / name).symlink_to(ROOT / name)
    program = folder / "bin" / "searchindex"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m cli "$@"\n')
    program.chmod(0o755)
    return root


def run(script: str, *, at: Path, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """In a `checkout`. Output and errors together; the status is that of the first command that failed."""
    told = {**os.environ, **(environment or {})}
    places = [str(at.parent / "bin"), str(Path(sys.executable).parent), told["PATH"]]
    told |= {"PATH": os.pathsep.join(places), "SEARCHINDEX_HOME": str(at.parent / "home"), "PYTHONPATH": str(at)}
    return subprocess.run(  # noqa: S603  # what our own documents say
        ["/bin/bash", "-c", script],
        cwd=at,
        env=told,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def _tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607  # git, by its name
    return sorted({name.partition("/")[0] for name in listed.stdout.splitlines() if (ROOT / name).exists()})


def main() -> int:
    """1 where a block does not say how it is run."""
    found = documented()
    for how in How:
        print(f"{sum(block.how == how for block in found):4} blocks {how.rstrip(':')}")  # noqa: T201  # what the person asked for
    for block in found:
        if block.how == How.NOT_RUN:
            print(f"not run: {block.page}:{block.line}: {block.said}")  # noqa: T201  # likewise
    wrong = [f"{block.page}:{block.line} {block.problem}" for block in found if block.problem]
    print(*wrong, sep="\n", end="\n" if wrong else "")  # noqa: T201  # likewise
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
