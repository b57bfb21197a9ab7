"""Stand-ins behind our own ports: deterministic, weightless. The real ones pass the same suites."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

DIM = 16


def unit(seed: str, dim: int = DIM) -> NDArray[np.float32]:
    """A unit vector that follows from the text alone."""
    digest = hashlib.blake2b(seed.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    row = np.random.default_rng(int.from_bytes(digest, "big")).standard_normal(dim).astype(np.float32)
    return row / np.linalg.norm(row)


class FakeTextEncoder:
    """Records the batches that it was asked for."""

    dim, device = DIM, "cpu"

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.batches.append(list(texts))
        return np.stack([unit(text) for text in texts])


class FakeImageEncoder:
    """A picture's vector follows from its mean colour: equal pictures have equal vectors."""

    dim = DIM

    def __init__(self) -> None:
        self.encoded = 0

    def encode_images(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        self.encoded += len(pixels)
        return np.stack([unit(np.round(row.mean((1, 2)), 3).tobytes().hex()) for row in pixels])
