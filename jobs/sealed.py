"""Files that say whether they are whole: a header, rows of JSON, and a digest over both. Written at once or not at all.

After the digest single lines may be appended, each with a checksum of its own: a torn last line costs only itself.
"""

import hashlib
import json
import os
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

Row = dict[str, Any]


class DamagedError(Exception):
    """The file is not what was written; the message says in what way, without quoting it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """`appended`: the good lines behind the digest; `length`: bytes up to and with the last of them."""

    header: Row
    rows: list[Row]
    appended: list[Row]
    length: int


def write_sealed(path: Path, header: Row, rows: Sequence[Row]) -> None:
    """Atomic and durable: beside it, to disk, renamed over it, and the folder to disk.

    OSError as the file system says; `path` is then as it was, and nothing lies beside it.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            file.writelines(_lines(header, rows))
            to_disk(file)
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)  # on a full disk it is in the way
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_sealed(path: Path) -> Sealed:
    """DamagedError where header, rows or digest are not as they were written; FileNotFoundError where there is none."""
    with path.open("rb") as file:
        try:
            return _read(file)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise DamagedError(f"it is not readable ({type(error).__name__})") from None


def appendable(rows: Iterable[Row]) -> bytes:
    """Lines with their checksums."""
    return b"".join(b"%08x %s" % (zlib.crc32(line), line) for line in map(_line, rows))


def to_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _line(row: Row) -> bytes:
    """ASCII: a name that is not UTF-8 survives as an escaped surrogate."""
    return json.dumps(row, separators=(",", ":")).encode("ascii") + b"\n"


def _lines(header: Row, rows: Sequence[Row]) -> Iterator[bytes]:
    digest = hashlib.blake2b(digest_size=16)
    for row in ({**header, "rows": len(rows)}, *rows):
        line = _line(row)
        digest.update(line)
        yield line
    yield _line({"blake2b": digest.hexdigest()})


def _read(file: BinaryIO) -> Sealed:
    digest = hashlib.blake2b(digest_size=16)

    def following() -> Row:
        line = file.readline()
        digest.update(line)
        row = json.loads(line)
        if not isinstance(row, dict):
            raise DamagedError("it is not made of objects")
        return row

    header = following()
    rows = [following() for _ in range(header.pop("rows"))]
    if json.loads(seal := file.readline())["blake2b"] != digest.hexdigest() or not seal.endswith(b"\n"):
        raise DamagedError("its digest is another")
    appended, length = _appended(file, file.tell())
    return Sealed(header=header, rows=rows, appended=appended, length=length)


def _appended(file: BinaryIO, length: int) -> tuple[list[Row], int]:
    """Up to the first line that is torn or changed: what follows it cannot be told from what was never written."""
    rows: list[Row] = []
    for line in file:
        checksum, _, content = line.partition(b" ")
        if not content.endswith(b"\n") or checksum != b"%08x" % zlib.crc32(content):
            break
        rows.append(json.loads(content))
        length += len(line)
    return rows, length
