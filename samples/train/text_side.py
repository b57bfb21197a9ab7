"""What the pictures of a step have to find."""

from typing import NamedTuple, Protocol

import torch
from torch import Tensor


class Sought(NamedTuple):
    """Unit embeddings of many concepts' names and of one other caption for each; where in both the batch's concepts stand."""

    names: Tensor
    others: Tensor
    places: Tensor


class Captions(Protocol):
    """The text side of a step."""

    def __call__(self, labels: Tensor) -> Sought:
        """What the pictures of these concepts have to find, among much else."""


class FrozenCaptions:
    """Captions embedded beforehand: so every step can afford those of every concept."""

    def __init__(self, embeddings: Tensor, seed: int) -> None:
        self.embeddings = embeddings
        self.rng = torch.Generator().manual_seed(seed)

    def __call__(self, labels: Tensor) -> Sought:
        """All names, and one caption of every concept."""
        concepts, count, _ = self.embeddings.shape
        drawn = torch.randint(0, count, (concepts,), generator=self.rng)
        return Sought(self.embeddings[:, 0], self.embeddings[torch.arange(concepts), drawn], labels)
