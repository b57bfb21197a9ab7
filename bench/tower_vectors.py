"""What a text tower yields beside the time that it takes: no speed without its exactness."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.figures import Sample
from bench.tower_shapes import MS, Shape, token_ids
from searchindex.catalogue import ModelCard

Encode = Callable[[NDArray[np.int64]], NDArray[np.float32]]  # ids [n, length] to vectors [n, dim]
Expected = dict[str, NDArray[np.float32]]
REPEAT = 5
BETWEEN = 4  # long texts before those that are timed, which came before: whoever keeps what texts begin with has forgotten theirs


def write_expected(path: Path, encode: Encode, card: ModelCard, found: list[Shape]) -> None:
    """The vectors of every text that is timed, by `encode`, which is taken for exact."""
    texts = {f"{shape.name} {number}": token_ids(card, shape, seed=number) for shape in found for number in range(REPEAT)}
    vectors: dict[str, Any] = {name: encode(ids) for name, ids in texts.items()}  # numpy's types know no arrays by name
    np.savez(path, **vectors)


def read_expected(path: Path) -> Expected:
    with np.load(path) as file:
        return dict(file)


def timed(encode: Encode, card: ModelCard, found: list[Shape], expected: Expected) -> Sample:
    """Milliseconds by the shape's name, and each text's cosine to what is expected by `name cosine`."""
    sample: dict[str, list[float]] = {}
    for number in range(BETWEEN):
        encode(token_ids(card, Shape(card.text.context_length, 1), seed=REPEAT + number))
    for shape in found:
        for number in range(REPEAT):
            ids = token_ids(card, shape, seed=number)
            began = time.perf_counter()
            rows = encode(ids)
            sample.setdefault(shape.name, []).append(MS * (time.perf_counter() - began))
            sample.setdefault(f"{shape.name} cosine", []).extend(cosines(rows, expected[f"{shape.name} {number}"]))
    return sample


def cosines(rows: NDArray[np.float32], expected: NDArray[np.float32]) -> list[float]:
    """Of each row to the one in its place, whatever their lengths."""
    ours, theirs = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in (rows.astype(np.float64), expected.astype(np.float64)))
    return [float(each) for each in (ours * theirs).sum(axis=1)]
