"""What people say about their pictures: a file beside them, JSON Lines with one object a picture, or Parquet with one row, by `file_path`.

The source has one, and each of its first-level folders may have one of its own, with paths relative to that folder: the nearest wins.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import orjson

from jobs.sources import Sidecar
from searchindex.errors import InvalidInput, shorten
from searchindex.extras import extra

PARQUET = ".parquet"
NAMES = ("metadata.jsonl", f"metadata{PARQUET}")  # where there are both, the later one wins
MAX_TEXT = 512
MAX_TAGS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """What the sidecar says of one picture; all of it optional."""

    category: str | None = None
    title: str | None = None
    tags: tuple[str, ...] = ()
    attributes: dict[str, Any] = field(default_factory=dict)


NOTHING = Annotation()


def annotations_in(sidecars: Iterable[Sidecar]) -> dict[str, Annotation]:
    """Annotations by path below the source. A later sidecar wins over an earlier one, a picture's annotation as a whole.

    InvalidInput names the line or row that cannot be used, or says why none can.
    """
    found: dict[str, Annotation] = {}
    for sidecar in sidecars:
        below = f"{sidecar.folder}/" if sidecar.folder else ""
        found |= {f"{below}{path}": annotation for path, annotation in _entries(sidecar)}
    return found


def _entries(sidecar: Sidecar) -> Iterator[tuple[str, Annotation]]:
    try:
        with sidecar.open() as file:
            yield from (_rows if sidecar.name.endswith(PARQUET) else _lines)(file, sidecar.name)
    except OSError as error:
        raise InvalidInput(f"The metadata file {sidecar.name} cannot be read: {error.strerror}.") from None


def _rows(file: BinaryIO, name: str) -> Iterator[tuple[str, Annotation]]:
    with extra("parquet"):
        from jobs.parquet import Kind, rows  # noqa: PLC0415  # an extra, and seldom needed
    texts = {"file_path": Kind.TEXT, "category": Kind.TEXT, "title": Kind.TEXT}
    for _, row in rows(file, name, texts | {"tags": Kind.TEXTS, "attributes": Kind.OBJECT}):
        yield row["file_path"], _annotation(row)


def _lines(file: BinaryIO, name: str) -> Iterator[tuple[str, Annotation]]:
    for number, line in enumerate(file.read().splitlines(), 1):
        if line.strip():
            yield _entry(name, number, line)


def _entry(name: str, number: int, line: bytes) -> tuple[str, Annotation]:
    try:
        raw = orjson.loads(line)
        return str(raw["file_path"]), _annotation(raw)
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise InvalidInput(
            f"Line {number} of {shorten(name)} cannot be used: {shorten(str(error))}.",
            hint='Each line is a JSON object such as {"file_path": "cats/tom.jpg", "category": "cats", "tags": ["grey"]}.',
        ) from None


def _annotation(raw: dict[str, Any]) -> Annotation:
    tags = raw.get("tags", [])
    attributes = raw.get("attributes", {})
    if not isinstance(tags, list) or not isinstance(attributes, dict):
        raise TypeError("tags is a list and attributes an object")
    return Annotation(
        category=_text(raw.get("category")),
        title=_text(raw.get("title")),
        tags=tuple(str(tag)[:MAX_TEXT] for tag in tags[:MAX_TAGS]),
        attributes=attributes,
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)[:MAX_TEXT]
