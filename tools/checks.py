"""Rules of the house that no linter knows: sizes, names, generated documents, links, what must never be committed."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.doc_commands import documented
from tools.generate import PAGES

ROOT = Path(__file__).parent.parent
MAX_LINES = 300
MAX_FILE = 11 * 2**20
MAX_SAMPLES = 20 * 2**20
NAMELESS = re.compile(r"(^|/)(utils?|helpers?|common|misc|base|managers?)(\.py|\.js|/)")
CODE = {".py", ".js", ".go", ".css"}
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")
LITERAL = re.compile(r"`[^`\n]*`")  # a pattern of a value may look like a link
# A registry's address or an absolute path of one machine has no place in what everybody reads.
REGISTRY = r"https?://[^ \"')]*(?:pypi|pythonhosted|npmjs|registry\.npm|proxy\.golang|deb\.debian)"
NEVER = re.compile(REGISTRY + r"|(?<![\w./])/(?:root|work|home/\w+)/")


def tracked() -> list[Path]:
    """Files that are, or are about to be, in the repository."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607  # git, by its name
    return [Path(name) for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def sizes(files: list[Path]) -> Iterator[str]:
    """One idea a file; and nothing large but our own weights."""
    for file in files:
        size = (ROOT / file).stat().st_size
        if size > MAX_FILE:
            yield f"{file}: {size} bytes; nothing above {MAX_FILE} is committed"
        if file.suffix in CODE and (lines := len((ROOT / file).read_bytes().splitlines())) > MAX_LINES:
            yield f"{file}: {lines} lines; at most {MAX_LINES}"
    samples = sum((ROOT / file).stat().st_size for file in files if file.parts[0] == "samples")
    if samples > MAX_SAMPLES:
        yield f"samples: {samples} bytes; at most {MAX_SAMPLES}"


def names(files: list[Path]) -> Iterator[str]:
    """A file is named after what is in it."""
    return (f"{file}: names nothing" for file in files if NAMELESS.search(str(file)))


def text(files: list[Path]) -> Iterator[tuple[Path, str]]:
    for file in files:
        if file.suffix in CODE | {".md", ".toml", ".txt", ".in", ".yaml", ".json", ".html"} or file.name in {"Makefile", "run"}:
            yield file, (ROOT / file).read_text("utf-8")


def foreign(files: list[Path]) -> Iterator[str]:
    """No registry addresses, no paths of one machine."""
    for file, content in text(files):
        for found in NEVER.finditer(content):
            yield f"{file}: {found.group()[:60]!r} belongs to one machine"


def links(files: list[Path]) -> Iterator[str]:
    """Every relative link in a document leads somewhere."""
    for file, content in text(files):
        if file.suffix == ".md":
            yield from (
                f"{file}: {target} is not there"
                for target in LINK.findall(LITERAL.sub("", content))
                if not (ROOT / file.parent / target).exists()
            )


def generated(_files: list[Path]) -> Iterator[str]:
    """The documents say what the code does."""
    for name, make in PAGES.items():
        page = ROOT / name
        if not page.is_file() or page.read_text("utf-8") != make():
            yield f"{name} is stale; run make generate"


def changelog(_files: list[Path]) -> Iterator[str]:
    if "## Unreleased" not in (ROOT / "CHANGELOG.md").read_text("utf-8"):
        yield "CHANGELOG.md has no section Unreleased"


def commands(_files: list[Path]) -> Iterator[str]:
    """Every block of commands in a document says who runs it."""
    return (f"{block.page}:{block.line} {block.problem}" for block in documented() if block.problem)


CHECKS = (sizes, names, foreign, links, generated, commands, changelog)


def main() -> int:
    """0 where all is in order; else every finding, and 1."""
    files = tracked()
    findings = [finding for check in CHECKS for finding in check(files)]
    print(*findings, sep="\n", end="\n" if findings else "")  # noqa: T201  # what the person is to read
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
