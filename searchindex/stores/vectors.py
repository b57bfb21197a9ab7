"""What every store asks of vectors before the engine sees them: engines accept NaN and answer nonsense."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from searchindex.errors import InvalidInput
from searchindex.ports import Point, Vectors

LENGTHS = (1e-15, 1e15)  # of a query: their squares, summed in single precision, are neither 0 nor infinite
NORM_TOLERANCE = 1e-3  # half precision leaves an error of this size


def checked_rows(points: Sequence[Point], *, dim: int | None = None) -> Vectors:
    """The points' vectors as float32 [n, dim]; without `dim` all must be as long as the first. InvalidInput names the first point
    that is not finite or not of unit length.
    """
    dim = np.size(points[0].vector) if dim is None and points else dim or 0
    rows = np.empty((len(points), dim), np.float32)
    for row, point in zip(rows, points, strict=True):
        row[:] = _shaped(point.vector, dim=dim, whose=f"point {point.id}")
    with np.errstate(invalid="ignore", over="ignore"):
        off = np.abs(np.linalg.norm(rows, axis=1) - 1)
    bad = np.flatnonzero(~(off <= NORM_TOLERANCE))  # a NaN compares false, so it is caught too
    if bad.size:
        raise InvalidInput(_complaint(rows[bad[0]], whose=f"point {points[int(bad[0])].id}"))
    return rows


def checked_query(vector: NDArray[np.float32], *, dim: int | None = None) -> NDArray[np.float32]:
    """A query as float32 [dim]: finite, and of a length within `LENGTHS`. Cosine does not depend on it, but squares overflow."""
    row = _shaped(vector, dim=np.size(vector) if dim is None else dim, whose="the query")
    if not LENGTHS[0] <= _length(row) <= LENGTHS[1]:
        raise InvalidInput(_complaint(row, whose="the query"))
    return row


def _shaped(vector: NDArray[np.float32], *, dim: int, whose: str) -> NDArray[np.float32]:
    row = np.asarray(vector, np.float32)
    if row.shape != (dim,):
        raise InvalidInput(f"The vector of {whose} has shape {list(row.shape)}, the collection has {dim} dimensions.")
    return row


def _complaint(row: NDArray[np.float32], *, whose: str) -> str:
    if not np.isfinite(row).all():
        return f"The vector of {whose} has a component that is not finite."
    return f"The vector of {whose} is not of unit length: {_length(row):.4g}."


def _length(row: NDArray[np.float32]) -> float:
    """NaN or infinite where a component is; in double precision, where no square of a finite one overflows."""
    return float(np.linalg.norm(row.astype(np.float64)))
