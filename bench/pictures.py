"""Pictures as a camera makes them, for indexing: JPEG of mixed sizes up to 12 megapixels, made on the spot."""

from pathlib import Path

import numpy as np
from PIL import Image

SIZES = ((640, 480), (1024, 768), (1280, 960), (1920, 1080), (2560, 1920), (4000, 3000))  # pixels; the last has 12 million
GRAIN = 6.0  # of 255: sensor noise, without which JPEG has nothing to decode


def folder_of(root: Path, count: int, *, seed: int = 5) -> Path:
    """`count` pictures, every size equally often."""
    root.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    for number in range(count):
        _picture(rng, SIZES[number % len(SIZES)]).save(root / f"{number:04}.jpg", quality=88)
    return root


def _picture(rng: np.random.Generator, size: tuple[int, int]) -> Image.Image:
    """Smooth shapes, an edge here and there, and grain."""
    shapes = Image.fromarray(rng.integers(0, 256, (9, 12, 3), dtype=np.uint8)).resize(size, Image.Resampling.BICUBIC)
    blocks = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)).resize(size, Image.Resampling.NEAREST)
    mixed = np.asarray(Image.blend(shapes, blocks, 0.3), dtype=np.float32)
    grain = GRAIN * rng.standard_normal(mixed.shape[:2], dtype=np.float32)
    return Image.fromarray(np.clip(mixed + grain[..., None], 0, 255).astype(np.uint8))
