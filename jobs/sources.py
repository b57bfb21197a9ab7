"""Where pictures lie, as a port: listed first, read one by one later. `folder.py`, `bucket.py`, `tar.py` and `web.py` are its adapters.

Whatever looks like a picture is accounted for: it is a source, or an obstacle with its reason.
"""

import fnmatch
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO, Protocol

from searchindex.errors import InvalidImage, SearchIndexError
from searchindex.images import ImageLimits

MOST_BYTES = ImageLimits().content
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})


class SourceUnavailable(SearchIndexError):
    """The place does not answer. That says nothing about its pictures: try again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One picture. `uri`: its path below the source with forward slashes; `size` in bytes.

    `place`: where its keeper finds it, the path of a file or the key of an object; `s3_key`: that key, where it is one.
    `mtime` in nanoseconds since 1970: a float would not survive every JSON parser to the last bit.
    """

    uri: str
    place: str
    size: int
    mtime: int
    s3_key: str | None = None

    @property
    def name(self) -> str:
        return PurePosixPath(self.uri).name


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """What is named like a picture, or a folder that may hold some, and cannot be used. `reason`: a key of `OBSTACLES`.

    `hides`: whether pictures may lie behind it that cannot be seen now, so that their absence means nothing.
    """

    uri: str
    reason: str
    message: str
    hides: bool = False


OBSTACLES = {
    "name-not-utf8": "Its name is not UTF-8; rename it.",
    "link-outside": "It is a link that leads out of the folder.",
    "link-broken": "It is a link that leads to nothing, or to itself.",
    "not-a-file": "It is neither a file nor a folder.",
    "address-refused": "Its address is not one that may be asked.",
    "vanished": "It was removed while the run went on.",
    "unreadable": "It cannot be looked at with this user's rights, or its disk fails.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Shell patterns over paths below the source, `*` also matching slashes: some of `include` (where given) and none of `exclude`."""

    include: Sequence[str] = ()
    exclude: Sequence[str] = ()

    def has(self, path: str) -> bool:
        wanted = not self.include or any(fnmatch.fnmatchcase(path, pattern) for pattern in self.include)
        return wanted and not any(fnmatch.fnmatchcase(path, pattern) for pattern in self.exclude)


ALL = Selection()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sidecar:
    """A file of metadata. `folder`: what its paths are relative to, empty for the source's own; `name`: what a person knows it by.

    `open` makes a new reader of it, which can seek; that or reading raises OSError or SearchIndexError.
    """

    folder: str
    name: str
    open: Callable[[], BinaryIO]


class Sources(Protocol):
    """One place. Every method blocks; `read` is called from several threads. SourceUnavailable where the place does not answer."""

    def walk(self, *, selection: Selection = ALL) -> Iterator[Source | Obstacle]:
        """Every picture by its suffix, in a stable order, without those that are hidden: a part of whose path begins with a dot."""
        ...

    def read(self, source: Source) -> bytes:
        """The content. InvalidImage where it is too large, FileNotFoundError where it vanished, OSError where it cannot be read."""
        ...

    def sidecars(self) -> Iterator[Sidecar]:
        """Those of the source, then those of its first-level folders."""
        ...


def looks_like_picture(name: str) -> bool:
    """By the last part of its path."""
    return not name.startswith(".") and PurePosixPath(name).suffix.lower() in SUFFIXES


def require_size(size: int) -> None:
    """`size` in bytes."""
    if size > MOST_BYTES:
        raise InvalidImage(f"It is larger than {MOST_BYTES // 1_000_000} MB.", reason="too-large")
