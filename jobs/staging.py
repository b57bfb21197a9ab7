"""The folder that a model grows in: hidden, kept when the program is killed, and renamed once all of it is there."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from searchindex.errors import ModelUnavailable
from searchindex.models import ImageFiles, ModelFile, OpenClipFiles, TextFiles, sha256_of
from searchindex.room import MORE_MEMORY, says_full, says_no_memory

_DONE = "done.json"

Files = TypeVar("Files", TextFiles, ImageFiles, OpenClipFiles)


@dataclass(frozen=True, slots=True)
class Stage:
    """`facts`: what is prepared of what; a folder with other facts is of no use."""

    folder: Path
    facts: dict[str, str]

    def keep(self, tower: str, read: Callable[[dict[str, Any]], Files], make: Callable[[Path], Files]) -> Files:
        """What an earlier run has proven of this tower, or kept for torch, if it is still whole, else what `make` makes."""
        done = self._done()
        files = read(done[tower]) if tower in done else None
        if files is not None and all(self._whole(file) for file in _files(files)):
            return files
        made = make(self.folder)
        (self.folder / _DONE).write_text(json.dumps({"facts": self.facts, "towers": done | {tower: asdict(made)}}), "utf-8")
        return made

    def _done(self) -> dict[str, Any]:
        try:
            written: dict[str, Any] = json.loads((self.folder / _DONE).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        towers: dict[str, Any] = written["towers"] if written.get("facts") == self.facts else {}
        return towers

    def _whole(self, file: ModelFile) -> bool:
        path = self.folder / file.path
        return path.is_file() and sha256_of(path) == file.sha256


def _files(files: TextFiles | ImageFiles | OpenClipFiles) -> list[ModelFile]:
    return [value for name in files.__slots__ if isinstance(value := getattr(files, name), ModelFile)]


@contextmanager
def staged(out: Path, facts: dict[str, str], *, needed: int) -> Iterator[Stage]:
    """A stage that becomes `out` at the end. What fails leaves nothing; what is killed leaves what it had proven to the next run.

    `needed`: bytes. ModelUnavailable where they are not free, now or later, or there is no memory.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(out.parent).free
    if free < needed:
        raise _full(out, f"{needed / 1e9:.1f} GB are needed and {free / 1e9:.1f} GB are free")
    part = out.with_name(f".{out.name}.part")
    part.mkdir(exist_ok=True)
    try:
        yield Stage(part, facts)
        (part / _DONE).unlink(missing_ok=True)
        part.rename(out)
    except Exception as error:
        shutil.rmtree(part, ignore_errors=True)
        if says_full(error):
            raise _full(out, "nothing is free") from error
        if says_no_memory(error) and not isinstance(error, ModelUnavailable):
            raise ModelUnavailable(f"There is no memory to prepare the model in {out.name}.", hint=MORE_MEMORY) from error
        raise


def _full(out: Path, detail: str) -> ModelUnavailable:
    return ModelUnavailable(f"There is no room for the model in {out.parent}: {detail}.", hint="Free some, or name another folder.")
