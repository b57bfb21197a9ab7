"""From the bytes of one picture to what the encoder takes: the seam where decoding can be moved to other processes."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from searchindex.catalogue import ImageCard
from searchindex.images import decode, preprocess
from searchindex.points import Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """`pixels`: float32 [3, size, size] as the card says; the rest as of `DecodedImage`."""

    pixels: NDArray[np.float32] = field(repr=False)
    width: int
    height: int
    format: str
    taken_at: str | None
    location: Location | None = None


Decode = Callable[[bytes, ImageCard], Picture]  # blocks; called from several threads; InvalidImage where the bytes cannot be used


def decode_here(content: bytes, card: ImageCard) -> Picture:
    """In this process. A large JPEG is decoded at a fraction of its size, no side below 1.5 times the card's."""
    image = decode(content, at_least=card.size)
    return Picture(
        pixels=preprocess(image, card),
        width=image.width,
        height=image.height,
        format=image.format,
        taken_at=image.taken_at,
        location=image.location,
    )
