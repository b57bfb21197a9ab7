"""What people say about their pictures: a JSON Lines file beside them, one object a picture, keyed by `file_path`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from searchindex.errors import InvalidInput, shorten

NAME = "metadata.jsonl"
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


def read_sidecar(path: Path) -> dict[str, Annotation]:
    """Annotations by `file_path`. InvalidInput names the line that cannot be used."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise InvalidInput(f"The metadata file {path} cannot be read: {error.strerror}.") from None
    return dict(_entry(path, number, line) for number, line in enumerate(lines, 1) if line.strip())


def _entry(path: Path, number: int, line: bytes) -> tuple[str, Annotation]:
    try:
        raw = orjson.loads(line)
        return str(raw["file_path"]), _annotation(raw)
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise InvalidInput(
            f"Line {number} of {path} cannot be used: {shorten(str(error))}.",
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
