"""A few shapes instead of any: a GPU's graphs are recorded for each shape that is met, and reused by what is padded up to it."""

import numpy as np
from numpy.typing import NDArray

LENGTHS = (8, 16, 32)  # and the full context


def length_bucket(length: int, *, longest: int) -> int:
    """The least of LENGTHS and `longest` that `length` tokens fit into; `length` is at most `longest`."""
    return min((bucket for bucket in LENGTHS if length <= bucket < longest), default=longest)


def batch_bucket(size: int) -> int:
    """The least power of two that `size` items, one at least, fit into."""
    return 1 << (size - 1).bit_length()


def fill_length(ids: NDArray[np.int64], *, longest: int) -> NDArray[np.int64]:
    """Ids [n, L] padded with zeros to the length of their bucket: for towers only that do not see what stands behind a text's end."""
    return np.pad(ids, ((0, 0), (0, length_bucket(ids.shape[1], longest=longest) - ids.shape[1])))


def fill_batch(rows: NDArray[np.generic]) -> NDArray[np.generic]:
    """Rows [n, ...] padded with zeros to the size of their bucket; what is computed of those behind the n-th means nothing."""
    return np.pad(rows, ((0, batch_bucket(len(rows)) - len(rows)), *((0, 0),) * (rows.ndim - 1)))


def text_shapes(*, batches: int, longest: int, cut: bool) -> list[tuple[int, int]]:
    """All (n, L) that batches of up to `batches` texts come in; without `cut` all texts are of the longest length."""
    lengths = {length_bucket(length, longest=longest) for length in range(1, longest + 1)} if cut else {longest}
    sizes = {batch_bucket(size) for size in range(1, batches + 1)}
    return [(size, length) for size in sorted(sizes) for length in sorted(lengths)]
