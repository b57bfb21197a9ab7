"""A folder of pictures as a source."""

import errno
import itertools
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jobs.sidecar import NAMES
from jobs.sources import ALL, MOST_BYTES, Obstacle, Selection, Sidecar, Source, require_size
from jobs.walk import walk


@dataclass(frozen=True, slots=True)
class Folder:
    """`Sources` below `root`, which `check_folder` has checked."""

    root: Path

    def walk(self, *, selection: Selection = ALL) -> Iterator[Source | Obstacle]:
        return walk(self.root, selection=selection)

    def read(self, source: Source) -> bytes:
        """At most one byte beyond the limit, however large the file has become since it was listed."""
        with open(source.place, "rb", opener=_at_once) as file:  # Path.open takes no opener
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise OSError(errno.EINVAL, "no longer a file")
            require_size(source.size)
            content = file.read(MOST_BYTES + 1)
        require_size(len(content))
        return content

    def sidecars(self) -> Iterator[Sidecar]:
        """Links to folders are not followed, as in `walk`."""
        folders = sorted(
            each.name for each in os.scandir(self.root) if each.is_dir(follow_symlinks=False) and not each.name.startswith(".")
        )
        for folder, name in itertools.product(("", *folders), NAMES):
            path = self.root / folder / name
            if os.path.isfile(path):  # noqa: PTH113  # Path.is_file raises where the folder may not be entered
                yield sidecar_at(path, folder=folder)


def sidecar_at(path: Path, *, folder: str = "") -> Sidecar:
    return Sidecar(folder=folder, name=str(path), open=lambda: path.open("rb"))


def _at_once(path: str, flags: int) -> int:
    """A pipe that took the file's place would be waited for, without an end."""
    return os.open(path, flags | os.O_NONBLOCK)
