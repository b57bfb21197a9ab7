"""The drawings to train on and the sample pictures, with the concepts that both show."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from samples.train import concepts
from samples.train.concepts import Concept
from samples.train.sources import HELD_OUT, STYLES

MIN_STYLES = 2


@dataclass(frozen=True, slots=True)
class Drawings:
    """`pixels` uint8 [n, side, side, 4]; `labels` int64 [n]: the number of the concept."""

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]

    def only(self, kept: NDArray[np.int64]) -> "Drawings":
        """The drawings of the kept concepts, numbered by their place among these."""
        place = {int(label): at for at, label in enumerate(kept)}
        chosen = np.isin(self.labels, kept)
        return Drawings(self.pixels[chosen], np.array([place[int(label)] for label in self.labels[chosen]]))


@dataclass(frozen=True, slots=True)
class Dataset:
    """The concepts, the drawings to train on, and one picture a concept in the held-out style."""

    concepts: list[Concept]
    training: Drawings
    pictures: Drawings


def _load(work: Path, style: str) -> Drawings:
    with np.load(work / f"{style}.npz") as stored:
        return Drawings(stored["rasters"], stored["concepts"])


def dataset(work: Path) -> Dataset:
    """Keep the concepts that at least two training styles and the held-out style draw."""
    styles = [_load(work, style.name) for style in STYLES]
    pictures = _load(work, HELD_OUT.name)
    seen, drawn_by = np.unique(np.concatenate([np.unique(style.labels) for style in styles]), return_counts=True)
    kept = np.intersect1d(seen[drawn_by >= MIN_STYLES], pictures.labels)
    training = Drawings(np.concatenate([s.pixels for s in styles]), np.concatenate([s.labels for s in styles]))
    listed = concepts.load(work / "node_modules")
    return Dataset([listed[label] for label in kept], training.only(kept), pictures.only(kept))
