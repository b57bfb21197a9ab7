"""The made-up vectors are what the benchmark says they are."""

import numpy as np

from bench.vectors import cloud, nearest, recall


def test_a_cloud_is_unit_vectors_with_a_common_mean_and_a_decaying_spectrum():
    """And the same every time."""
    made = cloud(2000, 50, dim=64)
    assert made.stored.shape == (2000, 64)
    assert made.asked.shape == (50, 64)
    assert np.allclose(np.linalg.norm(made.stored, axis=1), 1, atol=1e-5)
    assert np.linalg.norm(made.stored.mean(0)) > 0.2
    spread = made.stored.std(0)
    assert spread[:8].mean() > 3 * spread[-8:].mean()
    assert np.array_equal(made.stored, cloud(2000, 50, dim=64).stored)


def test_recall_is_the_share_that_was_found():
    """A stored row is its own nearest neighbour."""
    made = cloud(100, 1, dim=8)
    truth = nearest(made.stored, made.stored[:3], count=2)
    assert truth[:, 0].tolist() == [0, 1, 2]
    found = [row.tolist() for row in truth]
    assert recall(found, truth) == 1
    assert recall([found[0], found[1], [99_999]], truth) == 4 / 6
