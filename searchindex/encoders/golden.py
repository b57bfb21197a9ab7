"""Texts that every prepared model has encoded before it serves, and what its reference made of them."""

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from searchindex.encoders.initializers import read_tensors
from searchindex.errors import ModelUnavailable
from searchindex.ports import TextEncoder, Vectors

TEXTS = (
    "",
    "a red bicycle against a white wall",
    "ein Hund am Strand, abends",
    "日本の古い寺 🌸",
    "two people on a bench in front of a lake " * 12,
)
_NAME = "texts"


def write_golden(path: Path, vectors: Vectors) -> None:
    """`vectors`: float32 [len(TEXTS), dim], the reference's."""
    save_file({_NAME: vectors}, path)
    path.chmod(0o644)  # as the weights: for whoever shares the folder


def check_golden(encoder: TextEncoder, golden: Path, *, least: float) -> None:
    """Encode the texts one by one, as queries come. ModelUnavailable where a cosine is below `least` or the file is another's."""
    expected = read_tensors(golden, [_NAME]).get(_NAME, np.zeros(0))
    if expected.shape != (len(TEXTS), encoder.dim):
        raise ModelUnavailable(f"{golden.name} holds no vectors of the golden texts.", hint="Prepare the model again (searchindex export).")
    ours = np.concatenate([encoder.encode_texts([text]) for text in TEXTS])
    agree(ours, expected.astype(np.float32), least=least)


def agree(ours: Vectors, reference: Vectors, *, least: float) -> None:
    """ModelUnavailable where the cosine of any two rows is below `least`."""
    cosine = float((ours.astype(np.float64) * reference).sum(axis=1).min())
    if cosine < least:
        raise ModelUnavailable(
            f"Vectors are not those of the reference: cosine {cosine:.6f}, at least {least} is needed.",
            hint="Prepare the model again on this machine; --precision fp32 rests on no eight-bit arithmetic.",
        )
