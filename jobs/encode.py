"""Encoding a batch so that one picture the model chokes on costs only itself."""

import numpy as np
from numpy.typing import NDArray

from searchindex.errors import ModelUnavailable
from searchindex.ports import ImageEncoder, Pixels

Row = NDArray[np.float32]  # [dim]

TELLING = 8  # so many pictures, and not one encoded: that is the model's fault, not theirs


def encode_apart(encoder: ImageEncoder, pixels: Pixels) -> list[Row | None]:
    """One row a picture, None for those that cannot be encoded. A failing batch is halved until the culprits stand alone.

    ModelUnavailable where nothing of a batch of 8 or more can be encoded.
    """
    rows, failure = _halving(encoder, pixels)
    if failure is not None and len(rows) >= TELLING and all(row is None for row in rows):
        raise ModelUnavailable("The model encodes nothing any more.", hint="Look at the machine's memory and devices.") from failure
    return rows


def _halving(encoder: ImageEncoder, pixels: Pixels) -> tuple[list[Row | None], Exception | None]:
    """Rows, and the last failure met."""
    try:
        return list(_finite(encoder.encode_images(pixels))), None
    except Exception as error:  # noqa: BLE001  # runtimes raise anything, and the picture may well be innocent
        if len(pixels) == 1:
            return [None], error
    middle = len(pixels) // 2
    first, failure = _halving(encoder, pixels[:middle])
    second, other = _halving(encoder, pixels[middle:])
    return [*first, *second], other or failure


def _finite(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    if not np.isfinite(rows).all():
        raise FloatingPointError("a vector is not finite")
    return rows
