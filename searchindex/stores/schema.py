"""What a store checks against the collection's declared fields and model before it asks the engine."""

from collections.abc import Mapping

from searchindex.collection import CollectionConfig, FieldType
from searchindex.errors import CollectionMismatch, InvalidInput, NoCollection, shorten


def require_same(wanted: CollectionConfig, *, name: str, dim: int, fingerprint: str) -> None:
    """CollectionMismatch unless what is there (name, dim, fingerprint) was built as `wanted` is."""
    if (dim, fingerprint) == (wanted.dim, wanted.fingerprint):
        return
    there, asked = (_built(dim, fingerprint), _built(wanted.dim, wanted.fingerprint))
    raise CollectionMismatch(
        f'The collection "{shorten(name, 60)}" was built with {there}; this is {asked}.',
        hint="Use the model it was built with, or index into another collection.",
    )


def require_keyword(field: str, *, schema: Mapping[str, FieldType]) -> None:
    """InvalidInput unless `field` is a declared keyword field: only their values can be counted."""
    if schema.get(field) is not FieldType.KEYWORD:
        known = ", ".join(sorted(name for name, kind in schema.items() if kind is FieldType.KEYWORD))
        raise InvalidInput(f'The values of the field "{shorten(field, 60)}" cannot be counted.', hint=f"Keyword fields: {known}.")


def no_collection(where: str) -> NoCollection:
    return NoCollection(f"There is no collection in {shorten(where)}.", hint="Index some images first.")


def _built(dim: int, fingerprint: str) -> str:
    return f"{dim} dimensions and model {shorten(fingerprint, 60) or '(none)'}"
