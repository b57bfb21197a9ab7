"""From a picture to the numbers that the image tower reads: the same at training's end, in evaluation and in search."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIZE = 64
MEAN = (0.5, 0.5, 0.5)
STD = (0.25, 0.25, 0.25)
BACKGROUND = (255, 255, 255)


def flatten(image: Image.Image) -> Image.Image:
    """The picture in RGB, laid over white where it is transparent."""
    seen = image.convert("RGBA")
    below = Image.new("RGBA", seen.size, (*BACKGROUND, 255))
    return Image.alpha_composite(below, seen).convert("RGB")


def pixels(image: Image.Image, size: int = SIZE) -> NDArray[np.float32]:
    """float32 [3, size, size], normalised."""
    resized = flatten(image).resize((size, size), Image.Resampling.BICUBIC)
    scaled = np.asarray(resized, np.float32) / 255
    normalised: NDArray[np.float32] = (scaled - np.float32(MEAN)) / np.float32(STD)
    return normalised.transpose(2, 0, 1)
