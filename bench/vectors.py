"""Vectors made on the spot that are as hard to search as an encoder's."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float32]
CLUSTERS = 200
WITHIN, COMMON = 0.7, 0.6  # lengths relative to the distance between cluster centres


@dataclass(frozen=True, slots=True)
class Cloud:
    """Unit rows: `stored` [n, dim] and, drawn the same way but not among them, `asked` [m, dim]."""

    stored: Rows
    asked: Rows


def cloud(stored: int, asked: int, *, dim: int, seed: int = 11) -> Cloud:
    """Clusters, a spectrum that decays, and a mean that all share: what sets embeddings apart from white noise."""
    rng = np.random.default_rng(seed)
    spectrum = (1 + np.arange(dim)) ** -0.5
    centres = rng.standard_normal((CLUSTERS, dim)) * spectrum
    chosen = centres[rng.integers(0, CLUSTERS, stored + asked)]
    spread = rng.standard_normal((stored + asked, dim)) * spectrum
    rows = _unit(chosen + WITHIN * spread + COMMON * spectrum)
    return Cloud(rows[:stored], rows[stored:])


def _unit(rows: NDArray[np.float64]) -> Rows:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def nearest(stored: Rows, asked: Rows, *, count: int) -> NDArray[np.int64]:
    """The true neighbours [m, count], by comparing with all of them."""
    return np.argsort(-(asked @ stored.T), axis=1, kind="stable")[:, :count]


def recall(found: list[list[int]], truth: NDArray[np.int64]) -> float:
    """Share of the true neighbours that were found, over all queries."""
    hits = sum(len(set(ours) & set(row.tolist())) for ours, row in zip(found, truth, strict=True))
    return hits / truth.size
