"""What pictures a folder holds, in a stable order. Reads names and sizes only, never a picture."""

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from jobs.sources import ALL, OBSTACLES, Obstacle, Selection, Source, looks_like_picture
from searchindex.errors import NotFound


def check_folder(root: Path) -> Path:
    """The folder, absolute; NotFound where it is none or cannot be read."""
    if not root.is_dir():
        what = "is not a folder" if root.exists() else "does not exist"
        raise NotFound(f"{root} {what}.", hint="Give the folder that holds the pictures.")
    if not os.access(root, os.R_OK | os.X_OK):
        raise NotFound(f"{root} cannot be read.", hint="Give this user the right to read it.")
    return root.resolve()


def walk(root: Path, *, selection: Selection = ALL) -> Iterator[Source | Obstacle]:
    """Every picture below `root` by its suffix, sorted by name folder by folder.

    Hidden files and folders are passed over, and links to folders are not followed: they can make a loop or leave the root.
    """
    closed: list[Obstacle] = []
    for folder, folders, names in os.walk(root, onerror=_noting(root, closed)):
        yield from closed
        closed.clear()
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if looks_like_picture(name):
                found = _look(root, Path(folder, name))
                if selection.has(found.uri):
                    yield found
    yield from closed


def _noting(root: Path, closed: list[Obstacle]) -> Callable[[OSError], None]:
    """Notes folders that cannot be listed. A folder that vanished meanwhile is as if it had never been there."""

    def note(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            uri = Path(os.fsdecode(error.filename)).relative_to(root).as_posix()
            message = f"This folder cannot be listed: {error.strerror}."
            closed.append(Obstacle(uri=uri, reason="unreadable", message=message, hides=True))

    return note


def _look(root: Path, path: Path) -> Source | Obstacle:
    uri = path.relative_to(root).as_posix()
    try:
        os.fsencode(uri).decode("utf-8")
        if path.is_symlink() and not Path(os.path.realpath(path, strict=True)).is_relative_to(root):
            return _obstacle(uri, "link-outside")
        status = path.stat()
    except UnicodeDecodeError:
        return _obstacle(uri, "name-not-utf8")
    except PermissionError:
        return _obstacle(uri, "unreadable", hides=True)
    except OSError as error:
        return _failed(uri, path, error)
    if not stat.S_ISREG(status.st_mode):
        return _obstacle(uri, "not-a-file")
    return Source(uri=uri, place=str(path), size=status.st_size, mtime=status.st_mtime_ns)


def _failed(uri: str, path: Path, error: OSError) -> Obstacle:
    if path.is_symlink():
        return _obstacle(uri, "link-broken")
    gone = isinstance(error, FileNotFoundError)
    return _obstacle(uri, "vanished" if gone else "unreadable", hides=not gone)


def _obstacle(uri: str, reason: str, *, hides: bool = False) -> Obstacle:
    return Obstacle(uri=uri, reason=reason, message=OBSTACLES[reason], hides=hides)
