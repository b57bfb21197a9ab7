"""Points for the tests of the stores: small ones whose order is known, and clustered ones as an encoder makes them."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from searchindex.collection import CollectionConfig, FieldType
from searchindex.points import PointId
from searchindex.ports import Point, Query

DIM = 8
SCHEMA = {
    "category": FieldType.KEYWORD,
    "tags": FieldType.KEYWORD,
    "width": FieldType.INTEGER,
    "ratio": FieldType.FLOAT,
    "flag": FieldType.BOOL,
    "taken_at": FieldType.DATETIME,
}
# What a payload may hold.
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc.é", max_size=5), inner, max_size=4))
CONFIG = CollectionConfig(name="pictures", dim=DIM, fingerprint="f00d", schema=SCHEMA)


def at_angle(radians: float, *, dim: int = DIM) -> NDArray[np.float32]:
    """Unit vector [dim] whose cosine with `at_angle(0)` is cos(radians)."""
    vector = np.zeros(dim, np.float32)
    vector[0], vector[1] = np.cos(radians), np.sin(radians)
    return vector


def fan(ids: Iterable[int], *, payload: dict[str, Any] | None = None) -> list[Point]:
    """One point for each id, the first the nearest to `at_angle(0)`, each next a little further away."""
    return [Point(PointId(each), at_angle(0.01 * place), payload or {}) for place, each in enumerate(ids)]


def nearest(limit: int = 10, **others: Any) -> Query:
    """A query from which `fan` is in order."""
    return Query(vector=at_angle(0), limit=limit, **others)


def clustered(count: int, dim: int, *, seed: int = 7) -> NDArray[np.float32]:
    """Unit rows [count, dim] with what real embeddings have: clusters, a decaying spectrum and a common mean."""
    rng = np.random.default_rng(seed)
    spectrum = np.arange(1, dim + 1) ** -0.5
    centres = rng.standard_normal((60, dim)) * spectrum
    rows = centres[rng.integers(0, 60, count)] + 0.6 * rng.standard_normal((count, dim)) * spectrum + 0.5 * spectrum
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
