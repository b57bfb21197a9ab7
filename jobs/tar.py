"""Tar files of pictures as a source, as WebDataset keeps them: members that share a name but for the ending are one sample.

Its `.json` is the picture's metadata (`category`, `title`, `tags`, `attributes`), its `.txt` the title. Plain files on this machine,
uncompressed, so that a member is read where it lies.
"""

import json
import os
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from pathlib import Path, PurePosixPath

import orjson

from jobs.sources import ALL, OBSTACLES, Obstacle, Selection, Sidecar, Source, looks_like_picture, require_size
from searchindex.errors import InvalidInput, NotFound, shorten

MOST_TEXT = 1_000_000  # bytes of one `.json` or `.txt`


def tar_files(pattern: str) -> list[Path]:
    """By name. NotFound where there is none; `*` may stand in the last part alone."""
    path = Path(pattern)
    found = sorted(path.parent.glob(path.name)) if "*" in path.name else [path]
    if not found or not all(each.is_file() for each in found):
        raise NotFound(f"There is no tar file {shorten(pattern)}.", hint="IMAGE_TAR is a path; `*` may stand in its last part.")
    return found


@dataclass(frozen=True, slots=True)
class Tars:
    """`Sources` in `files`. A URI is the tar's name without its ending, and the member's path in it."""

    files: Sequence[Path]
    check: Callable[[], None] = field(default=lambda: None, kw_only=True)

    def walk(self, *, selection: Selection = ALL) -> Iterator[Source | Obstacle]:
        for file in self.files:
            moment = file.stat().st_mtime_ns
            for member in self._members(file):
                uri = f"{file.stem}/{member.name}"
                if looks_like_picture(PurePosixPath(member.name).name) and selection.has(uri):
                    yield _source(file, member, uri, moment)

    def read(self, source: Source) -> bytes:
        """By its place in the tar: nothing is unpacked, and nothing outside of the file can be meant."""
        require_size(source.size)
        path, _, offset = source.place.rpartition("@")
        with Path(path).open("rb") as file:
            file.seek(int(offset))
            content = file.read(source.size)
        if len(content) < source.size:
            raise OSError(None, "the tar file is cut short")
        return content

    def sidecars(self) -> Iterator[Sidecar]:
        """One for each tar."""
        for file in self.files:
            if rows := list(self._described(file)):
                yield Sidecar(folder=file.stem, name=str(file), open=partial(BytesIO, b"\n".join(map(orjson.dumps, rows))))

    def _described(self, file: Path) -> Iterator[dict[str, object]]:
        members = {member.name: member for member in self._members(file)}
        for name in members:
            if looks_like_picture(PurePosixPath(name).name):
                stem = name[: len(name) - len(PurePosixPath(name).suffix)]
                said = _said(file, members.get(f"{stem}.json"), members.get(f"{stem}.txt"))
                if said:
                    yield {**said, "file_path": name}

    def _members(self, file: Path) -> Iterator[tarfile.TarInfo]:
        """Plain files, hidden ones aside. InvalidInput where it is no tar that can be read in place."""
        try:
            with tarfile.open(file, "r:") as opened:
                for member in opened:
                    self.check()
                    if member.isreg() and not member.issparse() and not any(part.startswith(".") for part in member.name.split("/")):
                        yield member
        except (tarfile.TarError, OSError) as error:
            raise InvalidInput(
                f"{file} cannot be read as a tar file ({type(error).__name__}).", hint="Unpack compressed ones first."
            ) from None


def _source(file: Path, member: tarfile.TarInfo, uri: str, moment: int) -> Source | Obstacle:
    try:
        uri.encode("utf-8")
    except UnicodeEncodeError:
        return Obstacle(uri=uri, reason="name-not-utf8", message=OBSTACLES["name-not-utf8"])
    return Source(uri=uri, place=f"{os.fspath(file)}@{member.offset_data}", size=member.size, mtime=int(member.mtime * 1e9) or moment)


def _said(file: Path, described: tarfile.TarInfo | None, titled: tarfile.TarInfo | None) -> dict[str, object]:
    """InvalidInput names the member that is no JSON object."""
    said: dict[str, object] = {} if titled is None else {"title": _text(file, titled).decode("utf-8", "replace").strip()}
    if described is not None:
        try:
            said |= json.loads(_text(file, described))
        except (ValueError, TypeError, RecursionError):
            raise InvalidInput(f"{shorten(described.name)} in {file} is not a JSON object.") from None
    return {name: value for name, value in said.items() if name in ("category", "title", "tags", "attributes")}


def _text(file: Path, member: tarfile.TarInfo) -> bytes:
    with file.open("rb") as opened:
        opened.seek(member.offset_data)
        return opened.read(min(member.size, MOST_TEXT))
