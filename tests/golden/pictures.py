"""Pictures and cards that together reach every branch of the preprocessing, the same in every run."""

import itertools

import numpy as np
from numpy.typing import NDArray

from searchindex.catalogue import ImageCard, ResizeMode

# Width and height: landscape, portrait, smaller than the target, equal to it, odd padding, a line.
SIZES = ((100, 64), (47, 90), (20, 13), (32, 32), (77, 50), (240, 33), (3, 60))


def picture(width: int, height: int) -> NDArray[np.uint8]:
    """Gradients with noise: uint8 [height, width, 3]."""
    noise = np.random.default_rng(width * 1000 + height).integers(0, 60, (height, width, 3))
    across = np.linspace(0, 150, width)[None, :, None]
    down = np.linspace(0, 45, height)[:, None, None]
    return (noise + across + down).astype(np.uint8)


def cases() -> dict[str, tuple[NDArray[np.uint8], ImageCard]]:
    """By a name that tells what they are."""
    kinds = itertools.product(SIZES, ResizeMode, ("bicubic", "bilinear"))
    return {f"{size[0]}x{size[1]}-{mode}-{kernel}": (picture(*size), _card(mode, kernel)) for size, mode, kernel in kinds}


def _card(mode: ResizeMode, filter: str) -> ImageCard:
    mean, std = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
    return ImageCard(size=32, mean=mean, std=std, interpolation=filter, resize_mode=mode, fill=90)
