"""What pictures a folder holds, in a stable order. Reads names and sizes only, never a picture."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from searchindex.errors import NotFound

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One file. `uri`: its path below the folder with forward slashes; `size` in bytes.

    `mtime` in nanoseconds since 1970: a float would not survive every JSON parser to the last bit.
    """

    uri: str
    path: Path
    size: int
    mtime: int

    @property
    def is_utf8(self) -> bool:
        """Names are bytes on disk; one that is not UTF-8 cannot be stored in a payload."""
        return self.uri.isascii() or not any("\udc80" <= char <= "\udcff" for char in self.uri)


def check_folder(root: Path) -> Path:
    """The folder, absolute; NotFound where it is none or cannot be read."""
    if not root.is_dir():
        what = "is not a folder" if root.exists() else "does not exist"
        raise NotFound(f"{root} {what}.", hint="Give the folder that holds the pictures.")
    if not os.access(root, os.R_OK | os.X_OK):
        raise NotFound(f"{root} cannot be read.", hint="Give this user the right to read it.")
    return root.resolve()


def walk(root: Path) -> Iterator[Source]:
    """Every picture below `root` by its suffix, sorted by name folder by folder.

    Hidden files and folders are passed over, and links to folders are not followed: they can make a loop or leave the root.
    """
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES:
                source = _source(root, Path(folder, name))
                if source is not None:
                    yield source


def _source(root: Path, path: Path) -> Source | None:
    """None for a link that leads out of the root, or to nothing, and for what is not a file."""
    try:
        if path.is_symlink() and not path.resolve(strict=True).is_relative_to(root):
            return None
        status = path.stat()
    except OSError:
        return None
    if not path.is_file():
        return None
    return Source(uri=path.relative_to(root).as_posix(), path=path, size=status.st_size, mtime=status.st_mtime_ns)
