"""Near-duplicates among hits: which of them a person would call the same picture."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from searchindex.points import PointId
from searchindex.ports import Hit

THRESHOLD = 0.94  # of the cosine, where the caller does not say: the one that clip-retrieval hides duplicates with
ROUNDING = 1e-6  # equal vectors have a cosine of nearly 1


class Group(NamedTuple):
    """The best of some equal pictures, and the others in the order of the ranking. A tuple, as every hit of every page is one."""

    best: Hit
    duplicates: Sequence[Hit] = ()


def group_hits(hits: Sequence[Hit], vectors: Mapping[PointId, NDArray[np.float32]], *, threshold: float) -> list[Group]:
    """The hits, best first, folded into groups, in the order of their best.

    Each hit joins the first group that has a picture of the same content hash, else the first whose best has a cosine of at least
    `threshold` with it, else it begins one. So the groups of some first hits are the first groups of more hits: a longer ranking adds
    groups and duplicates, and moves none. A hit without a vector (deleted meanwhile) is compared by its hash alone.
    """
    near = _near(hits, vectors, threshold)
    groups: list[tuple[Hit, list[Hit]]] = []
    leaders: list[int] = []
    by_hash: dict[str, int] = {}
    for place, hit in enumerate(hits):
        content = hit.payload.get("content_hash")
        found = by_hash.get(content) if content else None
        if found is None:
            found = next((group for group, leader in enumerate(leaders) if near[place, leader]), None)
        if found is None:
            found = len(groups)
            groups.append((hit, []))
            leaders.append(place)
        else:
            groups[found][1].append(hit)
        if content:
            by_hash.setdefault(content, found)
    return [Group(best, duplicates) for best, duplicates in groups]


def _near(hits: Sequence[Hit], vectors: Mapping[PointId, NDArray[np.float32]], threshold: float) -> NDArray[np.bool_]:
    """[hits, hits]; one product of matrices, which a thousand hits need tens of milliseconds for."""
    dim = len(next(iter(vectors.values()), ()))
    rows = np.stack([vectors.get(hit.id, np.zeros(dim, np.float32)) for hit in hits]) if hits else np.empty((0, dim), np.float32)
    close: NDArray[np.bool_] = rows @ rows.T >= threshold - ROUNDING
    return close
