"""Truth values as numbers: the binding of Qdrant Edge 0.9 turns `MatchValue(True)` into 1, which equals no boolean.

Beside each declared boolean field a 0 or 1 is stored under a key of ours, is what filters ask for, and is taken away on reading.
"""

from collections.abc import Mapping
from typing import Any

from searchindex.collection import FieldType
from searchindex.points import Payload

KEY = "__searchindex_bools"


def mirror_path(field: str) -> str:
    """Where the numbers of `field` are."""
    return f"{KEY}.{_name(field)}"


def with_mirrors(payload: Payload, *, schema: Mapping[str, FieldType]) -> Payload:
    """What is stored for `payload`; the same object where no declared boolean is in it."""
    found = {field: _numbers(_at(payload, field)) for field, kind in schema.items() if kind is FieldType.BOOL}
    mirrors = {_name(field): numbers for field, numbers in found.items() if numbers}
    return payload | {KEY: mirrors} if mirrors else payload


def without_mirrors(stored: Payload | None) -> Payload:
    """The payload as it was given."""
    return {key: value for key, value in (stored or {}).items() if key != KEY}


def _name(field: str) -> str:
    return field.replace(".", "__")


def _numbers(value: Any) -> list[int]:
    values = value if isinstance(value, list) else [value]
    return [int(each) for each in values if isinstance(each, bool)]


def _at(payload: Any, path: str) -> Any:
    for key in path.split("."):
        payload = payload.get(key) if isinstance(payload, dict) else None
    return payload
