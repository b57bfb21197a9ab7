"""Made-up vectors that are as hard to search as an encoder's, each of them by its number alone.

What sets embeddings apart from white noise: they lie in clusters, their spectrum decays, and they share a mean (a cone: W. Liang et al.,
"Mind the Gap", arXiv 2203.02053). Independent uniform directions have no neighbours worth the name: at 1,024 dimensions all are about
equally far, and what a graph finds among them says nothing of what it finds among pictures.
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float32]

BLOCK = 1000  # rows that are drawn together, whatever the batches are that they are asked for in
CLUSTERS = 500
WITHIN, COMMON = 0.7, 0.6  # lengths relative to the distance between cluster centres
PLANTED = 10  # neighbours of one query in each block
NEAREST, FURTHEST = 0.05, 0.35  # their distance from it, relative to its length


@dataclass(frozen=True)
class Simulation:
    """`dim` components, all following from `seed`. `uniform`: independent directions in place of what embeddings look like.

    The first `PLANTED` rows of block k are neighbours of query k, nearest first, and nearer to it than what the clusters hold.
    """

    dim: int
    seed: int = 7
    uniform: bool = False
    clusters: int = field(default=CLUSTERS, kw_only=True)

    def rows(self, first: int, count: int) -> Rows:
        """Unit rows [count, dim]: those of the numbers from `first` on."""
        blocks = range(first // BLOCK, (first + count - 1) // BLOCK + 1)
        drawn = np.concatenate([self._block(number) for number in blocks]) if count else np.empty((0, self.dim), np.float32)
        start = first % BLOCK
        return drawn[start : start + count]

    def queries(self, first: int, count: int) -> Rows:
        """Unit rows [count, dim], drawn as the stored ones are and not among them. Query k has its neighbours in block k."""
        return np.concatenate([self._drawn(self._generator(1, number), 1) for number in range(first, first + count)])

    def planted(self, query: int) -> range:
        """The numbers of the neighbours that were planted for it, nearest first."""
        return range(query * BLOCK, query * BLOCK + PLANTED)

    def _block(self, number: int) -> Rows:
        rows = self._drawn(self._generator(0, number), BLOCK)
        if not self.uniform:
            away = np.linspace(NEAREST, FURTHEST, PLANTED, dtype=np.float32)[:, None]
            directions = _unit(self._generator(2, number).standard_normal((PLANTED, self.dim), np.float32))
            rows[:PLANTED] = _unit(self.queries(number, 1) + away * directions)
        return rows

    def _drawn(self, generator: np.random.Generator, count: int) -> Rows:
        rows = generator.standard_normal((count, self.dim), np.float32)
        if not self.uniform:
            rows *= np.float32(WITHIN) * self._spectrum
            rows += self._centres[generator.integers(0, self.clusters, count)]
        return _unit(rows)

    def _generator(self, kind: int, number: int) -> np.random.Generator:
        return np.random.Generator(np.random.SFC64([self.seed, kind, number]))

    @cached_property
    def _spectrum(self) -> Rows:
        return ((1 + np.arange(self.dim)) ** -0.5).astype(np.float32)

    @cached_property
    def _centres(self) -> Rows:
        """With the mean that all share."""
        centres = self._generator(3, 0).standard_normal((self.clusters, self.dim), np.float32)
        return centres * self._spectrum + np.float32(COMMON) * self._spectrum


def _unit(rows: Rows) -> Rows:
    rows /= np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]
    return rows
