"""What every encoder does with its rows: take them in batches, and hand out finite vectors of unit length."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from searchindex.errors import ModelUnavailable
from searchindex.ports import Pixels, Vectors

TEXT_BATCH = 64  # beyond these a larger batch gains nothing and needs memory in proportion
IMAGE_BATCH = 32

Items = TypeVar("Items", bound=Sequence[str] | Pixels)


def in_batches(items: Items, encode: Callable[[Items], Vectors], *, size: int, dim: int) -> Vectors:
    """float32 [len(items), dim], from at most `size` items at a time; no items are no rows."""
    parts = [encode(items[start : start + size]) for start in range(0, len(items), size)]  # type: ignore[arg-type]
    return np.concatenate(parts) if parts else np.zeros((0, dim), dtype=np.float32)


def unit_rows(rows: Vectors, *, dim: int, name: str) -> Vectors:
    """`rows` scaled to unit length, float32 [n, dim]; ModelUnavailable where they are of another shape, zero or not finite."""
    if rows.ndim != 2 or rows.shape[1] != dim:  # noqa: PLR2004 # rows and columns
        raise ModelUnavailable(f"{name} yields shape {list(rows.shape)}; the model's card says [n, {dim}].", hint=_HINT)
    lengths = np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True)
    if not (np.isfinite(lengths) & (lengths > 0)).all():
        raise ModelUnavailable(f"{name} yields vectors that are not finite or have no direction.", hint=_HINT)
    return np.asarray(rows / lengths, dtype=np.float32)


def check_pixels(pixels: Pixels, *, size: int) -> None:
    """ValueError unless [n, 3, size, size]."""
    if pixels.ndim != 4 or pixels.shape[1:] != (3, size, size):  # noqa: PLR2004 # as written above
        raise ValueError(f"pixels have the shape {pixels.shape}; the model takes [n, 3, {size}, {size}]")


_HINT = "The weights are damaged or not this model's: prepare it again (searchindex export)."
