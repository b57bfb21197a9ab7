"""A CLIP of two layers with weights made from their names: small enough to be built in any test."""

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from searchindex.catalogue import ImageCard, ModelCard, ResizeMode, TextCard, Truncation

ARCHITECTURE = "searchindex-tiny"
CONFIG: dict[str, Any] = {
    "embed_dim": 32,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 8},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2},
}
CARD = ModelCard(
    name="tiny/golden",
    architecture=ARCHITECTURE,
    pretrained="golden",
    dim=32,
    licence="MIT",
    source="hf-hub:nobody/nothing",
    summary="For tests",
    text=TextCard(context_length=77, tokenizer="clip", truncation=Truncation.END_OF_TEXT),
    image=ImageCard(size=32, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5), interpolation="bicubic", resize_mode=ResizeMode.SHORTEST),
)
TEXTS = ("", "a cat", "two dogs, one <end_of_text> and nothing after", "日本の寺 🌸 at night", "word " * 100)


def tensor(name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Normal numbers seeded by the name; scales of normalisation layers lie around one, all else is small."""
    numbers = np.random.default_rng(zlib.crc32(name.encode())).standard_normal(shape, dtype=np.float32)
    return np.float32(1) + numbers / 10 if name.split(".")[-2:-1] and "ln_" in name and name.endswith("weight") else numbers / 5


def pixels(count: int) -> NDArray[np.float32]:
    """float32 [count, 3, 32, 32]."""
    return np.random.default_rng(7).standard_normal((count, 3, 32, 32), dtype=np.float32)
