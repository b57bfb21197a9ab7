"""Made-up vectors: the same in every run, and as embeddings lie."""

import numpy as np
import pytest

from jobs.simulation.vectors import BLOCK, Simulation

SIMULATION = Simulation(128, clusters=20)


def test_a_vector_follows_from_its_number_alone():
    """Whatever the batches are: a load that was interrupted, or spread over processes, stores the same."""
    whole = SIMULATION.rows(0, 2500)
    parts = [SIMULATION.rows(first, min(700, 2500 - first)) for first in range(0, 2500, 700)]
    assert np.array_equal(whole, np.concatenate(parts))
    assert np.array_equal(Simulation(128, clusters=20).rows(1234, 1), whole[1234:1235])
    assert not np.array_equal(Simulation(128, seed=8, clusters=20).rows(0, 1), whole[:1])


@pytest.mark.parametrize("uniform", [False, True])
def test_they_are_of_unit_length(*, uniform: bool):
    """What every store asks for."""
    rows = Simulation(64, uniform=uniform).rows(0, BLOCK + 1)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_planted_neighbours_are_the_nearest_in_their_order():
    """So recall is known without comparing with all."""
    rows, queries = SIMULATION.rows(0, 3 * BLOCK), SIMULATION.queries(0, 3)
    nearest = np.argsort(-(queries @ rows.T), axis=1)[:, :10]
    assert [list(row) for row in nearest] == [list(SIMULATION.planted(number)) for number in range(3)]


def test_they_share_a_mean_and_lie_in_clusters():
    """Uniform ones do neither, which is why they say nothing."""
    structured, uniform = (each.rows(0, 2 * BLOCK) for each in (SIMULATION, Simulation(128, uniform=True)))
    assert np.linalg.norm(structured.mean(axis=0)) > 0.3
    assert np.linalg.norm(uniform.mean(axis=0)) < 0.1
    structured, uniform = (rows[20:1000] @ rows[1020:].T for rows in (structured, uniform))
    assert np.median(structured.max(axis=1)) > 0.7
    assert np.median(uniform.max(axis=1)) < 0.5
