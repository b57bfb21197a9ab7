"""A time of a text tower is never without its exactness."""

import numpy as np
import pytest

from bench.tower_shapes import Shape
from bench.tower_vectors import REPEAT, cosines, read_expected, timed, write_expected
from searchindex.catalogue import find_card

CARD, SHAPES = find_card("ViT-B-32"), [Shape(4, 1), Shape(6, 2)]


def exact(ids: np.ndarray) -> np.ndarray:
    return np.stack([ids.sum(axis=1), ids.max(axis=1), np.ones(len(ids))], axis=1).astype(np.float32)


def test_every_text_that_is_timed_is_compared(tmp_path):
    """One time for each run of each shape, and one cosine for each of its texts."""
    write_expected(tmp_path / "expected.npz", exact, CARD, SHAPES)
    sample = timed(exact, CARD, SHAPES, read_expected(tmp_path / "expected.npz"))
    assert {name: len(values) for name, values in sample.items()} == {
        "4x1": REPEAT,
        "4x1 cosine": REPEAT,
        "6x2": REPEAT,
        "6x2 cosine": 2 * REPEAT,
    }
    assert min(sample["6x2 cosine"]) == pytest.approx(1)


def test_another_vector_is_seen(tmp_path):
    """One text of one shape that comes out otherwise is the least cosine of that shape, and of no other."""
    write_expected(tmp_path / "expected.npz", exact, CARD, SHAPES)

    def wrong(ids: np.ndarray) -> np.ndarray:
        return exact(ids) * ([[1, 1, 1], [1, -1, 1]] if len(ids) == 2 else 1)

    sample = timed(wrong, CARD, SHAPES, read_expected(tmp_path / "expected.npz"))
    assert min(sample["4x1 cosine"]) == pytest.approx(1)
    assert min(sample["6x2 cosine"]) < 0.999


def test_length_is_no_difference():
    """Whether a graph yields unit vectors is not what is compared."""
    rows = np.array([[3, 4], [0, 2]], np.float32)
    assert cosines(rows, np.array([[0.6, 0.8], [1, 0]], np.float32)) == pytest.approx([1, 0])
