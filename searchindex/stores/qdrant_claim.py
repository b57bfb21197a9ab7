"""Whose vectors a collection holds, settled once, where whoever made the collection could not know.

Several processes may start at the same moment with different weights, and Qdrant has no compare-and-swap. Every process writes a claim
under a key of its own and reads only then: of two processes, at least the one that reads later sees both claims, and whoever sees
another's does not write the fingerprint. So two different fingerprints never both pass; that neither passes can happen.
"""

import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from qdrant_client import models

from searchindex.errors import CollectionMismatch, shorten
from searchindex.stores import qdrant_metadata as metadata


async def claimed(
    fingerprint: str, *, describe: Callable[[dict[str, Any]], Awaitable[None]], look: Callable[[], Awaitable[models.CollectionInfo]]
) -> models.CollectionInfo:
    """The collection with its fingerprint settled, by us or by another. CollectionMismatch while others claim it for other weights.

    `describe` merges into the collection's metadata, where None removes a key; `look` reads the collection.
    """
    mine = f"{metadata.CLAIM}{uuid.uuid4().hex}"
    await describe({mine: fingerprint})
    said = (await look()).config.metadata
    rivals = metadata.claims(said) - {fingerprint}
    free = metadata.unclaimed(said)
    settled = {"fingerprint": fingerprint} if free and not rivals else {}
    await describe(settled | {mine: None})
    if free and rivals:
        others = ", ".join(shorten(each, 60) for each in sorted(rivals))
        raise CollectionMismatch(
            f"Other processes are about to fill the collection with vectors of {others}; this is {shorten(fingerprint, 60)}.",
            hint="Give all of them the same model, or say its fingerprint where the collection is declared.",
        )
    return await look()
