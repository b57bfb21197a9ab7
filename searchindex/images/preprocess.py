"""From an RGB picture to what the image tower takes: open_clip's inference transform, without torch, pixel for pixel."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from searchindex.catalogue import ImageCard, ResizeMode
from searchindex.images.decode import DecodedImage

_FILTERS: Mapping[str, Image.Resampling] = MappingProxyType(
    {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}  # both with antialiasing, as Pillow's are
)

# Beyond this ratio of sides a picture is not resized whole before it is cropped: 1 x 65,535 would become 224 x 14.7 million.
_LONG = 8


def preprocess(image: DecodedImage, card: ImageCard) -> NDArray[np.float32]:
    """float32 [3, size, size]: resized, cropped or padded, then (x / 255 - mean) / std per channel."""
    square = _RESIZE[card.resize_mode](image.picture, card)
    levels, values = np.asarray(square), _normalised(card.mean, card.std)
    pixels = np.empty((3, card.size, card.size), np.float32)
    for channel in range(3):
        np.take(values[channel], levels[..., channel], out=pixels[channel])
    return pixels


@lru_cache(maxsize=8)
def _normalised(mean: Sequence[float], std: Sequence[float]) -> NDArray[np.float32]:
    """[3, 256]: what each level of each channel becomes. Looked up, it need not be computed for each pixel."""
    scaled = np.arange(256, dtype=np.float32) / np.float32(255)
    return (scaled - np.asarray(mean, np.float32)[:, None]) / np.asarray(std, np.float32)[:, None]


def _squash(picture: Image.Image, card: ImageCard) -> Image.Image:
    return picture.resize((card.size, card.size), _FILTERS[card.interpolation])


def _fill_and_crop(picture: Image.Image, card: ImageCard) -> Image.Image:
    """The shorter side becomes `size`, the longer one is rounded down; the middle square remains."""
    size, (width, height) = card.size, picture.size
    short, long = min(width, height), max(width, height)
    longer = int(size * long / short)
    wide, high = (longer, size) if width > height else (size, longer)
    left, top = round((wide - size) / 2), round((high - size) / 2)
    if long > _LONG * short:
        box = (left * width / wide, top * height / high, (left + size) * width / wide, (top + size) * height / high)
        return picture.resize((size, size), _FILTERS[card.interpolation], box=box)
    return picture.resize((wide, high), _FILTERS[card.interpolation]).crop((left, top, left + size, top + size))


def _fit_and_pad(picture: Image.Image, card: ImageCard) -> Image.Image:
    """The longer side becomes `size`; where the padding is odd, the extra pixel is at the right and the bottom."""
    size, ratio = card.size, max(picture.size) / card.size
    wide, high = (max(1, round(side / ratio)) for side in picture.size)
    inner = picture.resize((wide, high), _FILTERS[card.interpolation])
    canvas = Image.new("RGB", (size, size), (card.fill,) * 3)
    canvas.paste(inner, ((size - wide) // 2, (size - high) // 2))
    return canvas


_RESIZE = MappingProxyType({ResizeMode.SHORTEST: _fill_and_crop, ResizeMode.SQUASH: _squash, ResizeMode.LONGEST: _fit_and_pad})
