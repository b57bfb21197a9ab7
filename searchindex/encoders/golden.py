"""Texts and pictures that prepared models have encoded before they serve, and what their reference made of them."""

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from searchindex.encoders.initializers import read_tensors
from searchindex.errors import ModelUnavailable
from searchindex.ports import ImageEncoder, Pixels, TextEncoder, Vectors

TEXTS = (
    "",
    "a red bicycle against a white wall",
    "ein Hund am Strand, abends",
    "日本の古い寺 🌸",
    "two people on a bench in front of a lake " * 12,
)
_TEXTS, _PICTURES = "texts", "pictures"
EIGHT_BITS = "Prepare the model again on this machine; --precision fp32 rests on no eight-bit arithmetic."


def golden_pixels(size: int) -> Pixels:
    """float32 [3, 3, size, size]: noise, which no picture is as hard as."""
    return np.random.default_rng(0).standard_normal((3, 3, size, size), dtype=np.float32)


def write_golden(path: Path, vectors: Vectors) -> None:
    """`vectors`: float32 [len(TEXTS), dim], the reference's."""
    _write(path, _TEXTS, vectors)


def write_golden_pictures(path: Path, vectors: Vectors) -> None:
    """`vectors`: float32 [3, dim], the reference's of `golden_pixels`."""
    _write(path, _PICTURES, vectors)


def _write(path: Path, name: str, vectors: Vectors) -> None:
    save_file({name: vectors}, path)
    path.chmod(0o644)  # as the weights: for whoever shares the folder


def check_golden(encoder: TextEncoder, golden: Path, *, least: float, hint: str = EIGHT_BITS) -> None:
    """Encode the texts one by one, as queries come. ModelUnavailable where a cosine is below `least` or the file is another's."""
    expected = _read(golden, _TEXTS, (len(TEXTS), encoder.dim))
    agree(np.concatenate([encoder.encode_texts([text]) for text in TEXTS]), expected, least=least, hint=hint)


def check_golden_pictures(encoder: ImageEncoder, golden: Path, *, size: int, least: float, hint: str) -> None:
    """As `check_golden`, of pictures that are `size` pixels wide."""
    pixels = golden_pixels(size)
    expected = _read(golden, _PICTURES, (len(pixels), encoder.dim))
    agree(encoder.encode_images(pixels), expected, least=least, hint=hint)


def _read(golden: Path, name: str, shape: tuple[int, int]) -> Vectors:
    expected = read_tensors(golden, [name]).get(name, np.zeros(0))
    if expected.shape != shape:
        raise ModelUnavailable(
            f"{golden.name} holds no vectors of the golden {name}.", hint="Prepare the model again (searchindex export)."
        )
    return expected.astype(np.float32)


def agree(ours: Vectors, reference: Vectors, *, least: float, hint: str = EIGHT_BITS) -> None:
    """ModelUnavailable where the cosine of any two rows is below `least`."""
    cosine = float((ours.astype(np.float64) * reference).sum(axis=1).min())
    if not cosine >= least:
        raise ModelUnavailable(f"Vectors are not those of the reference: cosine {cosine:.6f}, at least {least} is needed.", hint=hint)
