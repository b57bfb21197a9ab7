"""The collection that a run writes to: made where there is none, unless that is for others, and claimed for the run's model."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from searchindex.collection import PAYLOAD_SCHEMA, PLACE_SCHEMA, CollectionConfig, FieldType
from searchindex.errors import SearchIndexError, shorten
from searchindex.models import PreparedModel
from searchindex.ports import VectorStore


class CollectionMissing(SearchIndexError):
    """There is none, and it is not for this program to make it. It may be there at the next attempt."""


class SharedStore(VectorStore, Protocol):
    """A store whose collections others may have made."""

    async def claim(self, config: CollectionConfig) -> bool:
        """Say that a collection without a fingerprint holds `config`'s vectors, else compare: CollectionMismatch.

        False where there is no collection.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """`create`: whether it is made where there is none. `place`: whether it is to say where pictures were taken."""

    name: str
    model: PreparedModel
    create: bool
    place: bool = False


async def ensure_collection(store: SharedStore, wanted: Wanted) -> None:
    """One that is there keeps its settings. CollectionMismatch where it is another model's, CollectionMissing where there is none."""
    if wanted.create:
        there = await store.state()
        schema = PAYLOAD_SCHEMA if there is None else there.schema
        await store.create(_config(wanted, schema | PLACE_SCHEMA if wanted.place else schema))
    elif not await store.claim(_config(wanted, {})):
        raise CollectionMissing(
            f'There is no collection "{shorten(wanted.name, 60)}", and QDRANT_CREATE says not to make it.',
            hint="Either its SearchIndex is being deleted, or whoever makes it has not done so yet.",
        )


def _config(wanted: Wanted, schema: Mapping[str, FieldType]) -> CollectionConfig:
    card, fingerprint = wanted.model.card, wanted.model.fingerprint
    return CollectionConfig(name=wanted.name, dim=card.dim, fingerprint=fingerprint, schema=dict(schema))
