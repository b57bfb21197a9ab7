"""What the programs need and adapters provide. Adapters live in `encoders/` and `stores/`; fakes pass the same suites."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from searchindex.collection import CollectionConfig, CollectionState
from searchindex.filters import Filter
from searchindex.points import Payload, PointId

Vectors = NDArray[np.float32]  # [n, dim], every row of unit length
Pixels = NDArray[np.float32]  # [n, 3, size, size], normalised as the model's card says


class TextEncoder(Protocol):
    """The text tower. Not safe for concurrent calls: one thread owns it."""

    @property
    def dim(self) -> int: ...

    @property
    def device(self) -> str:
        """Where it runs: `cpu`, or a GPU as torch calls it."""
        ...

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors [len(texts), dim], in order."""
        ...


class ImageEncoder(Protocol):
    """The image tower. Not safe for concurrent calls: one thread owns it."""

    @property
    def dim(self) -> int: ...

    def encode_images(self, pixels: Pixels) -> Vectors:
        """Unit vectors [len(pixels), dim], in order."""
        ...


@dataclass(frozen=True, slots=True)
class Point:
    """`vector`: float32 [dim] of unit length."""

    id: PointId
    vector: NDArray[np.float32]
    payload: Payload


@dataclass(frozen=True, slots=True)
class Hit:
    """`score`: cosine similarity, never above 1."""

    id: PointId
    score: float
    payload: Payload


@dataclass(frozen=True, slots=True)
class Record:
    """A stored point; `vector` only where it was asked for."""

    id: PointId
    payload: Payload
    vector: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """The nearest points to `vector` (float32 [dim]); `score_threshold` leaves out what is further away."""

    vector: NDArray[np.float32]
    limit: int
    offset: int = 0
    score_threshold: float | None = None
    filter: Filter | None = None
    exact: bool = False


class VectorStore(Protocol):
    """One collection. Every method raises StoreUnavailable when the engine cannot answer."""

    async def create(self, config: CollectionConfig) -> None:
        """Make the collection; if it is there with the same dim and fingerprint do nothing, else CollectionMismatch."""
        ...

    async def state(self) -> CollectionState | None:
        """None where there is no such collection."""
        ...

    def at(self, name: str) -> "VectorStore":
        """The same store for the collection called `name` (as `state` names it), whatever an alias points to meanwhile.

        What is searched is then what was looked at. It is open as long as this one is, and closed with it.
        """
        ...

    async def drop(self) -> None:
        """Remove the collection and all in it; nothing to do where there is none."""
        ...

    async def upsert(self, points: Sequence[Point]) -> None:
        """Insert or replace, durable against a killed process once this returns. InvalidInput on non-finite or non-unit vectors."""
        ...

    async def delete(self, ids: Sequence[PointId]) -> None:
        """Remove points; unknown ids are passed over."""
        ...

    async def search(self, queries: Sequence[Query]) -> list[list[Hit]]:
        """For each query its hits, best first; ties by id, ascending."""
        ...

    async def retrieve(self, ids: Sequence[PointId], *, with_vectors: bool = False) -> list[Record]:
        """The points that exist, in the order asked."""
        ...

    def scroll(self, *, batch: int = 1000) -> AsyncIterator[Record]:
        """Every point with its payload, by ascending id."""
        ...

    async def count(self, filter: Filter | None = None) -> int:
        """Exact."""
        ...

    async def facet(self, field: str, *, limit: int = 100, filter: Filter | None = None) -> dict[str, int]:
        """Values of a keyword field with their exact counts, most frequent first, then by value."""
        ...

    async def optimize(self) -> None:
        """Build what is not built (HNSW, quantised vectors) and wait until the collection is green."""
        ...

    async def close(self) -> None: ...
