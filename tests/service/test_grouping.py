"""Which hits are one picture."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from searchindex.points import PointId
from searchindex.ports import Hit
from service.grouping import group_hits

THRESHOLD = 0.94
ANGLES = st.lists(st.tuples(st.integers(0, 300), st.sampled_from([None, "a", "b", "c"])), max_size=30)


def at(degrees: float) -> np.ndarray:
    radians = np.radians(degrees)
    return np.array([np.cos(radians), np.sin(radians)], np.float32)


def hits_of(pictures: list[tuple[float, str | None]]) -> tuple[list[Hit], dict[PointId, np.ndarray]]:
    """Hits in order: an angle each, and the hash of their content."""
    hits = [Hit(PointId(n), 1.0 - n / 1000, {"content_hash": content} if content else {}) for n, (_, content) in enumerate(pictures)]
    return hits, {hit.id: at(angle) for hit, (angle, _) in zip(hits, pictures, strict=True)}


def ids(groups) -> list[list[int]]:
    return [[group.best.id, *(hit.id for hit in group.duplicates)] for group in groups]


def grouped(*pictures: tuple[float, str | None], threshold: float = THRESHOLD) -> list[list[int]]:
    return ids(group_hits(*hits_of(list(pictures)), threshold=threshold))


def test_near_pictures_are_folded_under_the_best():
    """Nineteen degrees are a cosine of 0.945, twenty-one of 0.934."""
    assert grouped((0, None), (19, None), (90, None), (21, None), (71, None)) == [[0, 1], [2, 4], [3]]


def test_only_the_best_of_a_group_draws_others_in():
    """A chain of neighbours does not become one group, or it would have no end."""
    assert grouped((0, None), (15, None), (30, None), (45, None)) == [[0, 1], [2, 3]]


def test_equal_content_is_always_one_picture():
    """Whatever the vectors say, and also by the hash of a duplicate that is not the best."""
    assert grouped((0, "a"), (90, "a")) == [[0, 1]]
    assert grouped((0, "a"), (10, "b"), (90, "b")) == [[0, 1, 2]]


def test_equal_vectors_are_one_picture_at_the_strictest_threshold():
    """Rounding makes the cosine of a vector with itself a little less than 1."""
    rows = np.random.default_rng(3).standard_normal((200, 768)).astype(np.float32)
    for row in rows / np.linalg.norm(rows, axis=1, keepdims=True):
        hits, _ = hits_of([(0, None), (0, None)])
        assert ids(group_hits(hits, {hit.id: row for hit in hits}, threshold=1.0)) == [[0, 1]]


def test_a_picture_deleted_meanwhile_stands_alone():
    """It has no vector any more; its content still counts."""
    hits, vectors = hits_of([(0, "a"), (0, None), (0, "a")])
    assert ids(group_hits(hits, {hits[0].id: vectors[hits[0].id]}, threshold=THRESHOLD)) == [[0, 2], [1]]
    assert ids(group_hits(hits, {}, threshold=THRESHOLD)) == [[0, 2], [1]]


@given(pictures=ANGLES, threshold=st.sampled_from([0.8, 0.94, 1.0]))
def test_every_hit_is_in_one_group_in_order(pictures: list[tuple[float, str | None]], threshold: float):
    """None is lost or shown twice; groups and duplicates keep the order of the ranking; two bests are never near each other."""
    hits, vectors = hits_of(pictures)
    groups = ids(group_hits(hits, vectors, threshold=threshold))
    assert sorted(each for group in groups for each in group) == list(range(len(pictures)))
    assert groups == sorted(sorted(group) for group in groups)
    bests = [group[0] for group in groups]
    assert all(vectors[a] @ vectors[b] < threshold for a in bests for b in bests if a < b)


@given(pictures=ANGLES, more=ANGLES)
def test_a_longer_ranking_moves_no_group(pictures: list[tuple[float, str | None]], more: list[tuple[float, str | None]]):
    """Looking deeper adds groups at the end and duplicates at the end of groups: this is what keeps pages apart."""
    few = grouped(*pictures)
    many = grouped(*pictures, *more)
    assert [group[0] for group in many[: len(few)]] == [group[0] for group in few]
    assert all(group == longer[: len(group)] for group, longer in zip(few, many, strict=False))
