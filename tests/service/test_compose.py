"""Terms to vectors."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from searchindex.errors import InvalidInput
from service.compose import combine
from tests.fakes import unit

SEEDS = st.lists(st.text("abcdef", min_size=1, max_size=3), min_size=1, max_size=8, unique=True)
WEIGHT = st.floats(0.01, 1) | st.floats(-1, -0.01)


@given(seeds=SEEDS, data=st.data())
def test_a_score_is_the_weighted_sum_of_its_parts(seeds: list[str], data: st.DataObject):
    """What an answer shows of each term adds up to the score, but for one length that is the same for all pictures."""
    rows = np.stack([unit(seed) for seed in seeds])
    weights = data.draw(st.lists(WEIGHT, min_size=len(rows), max_size=len(rows)))
    length = float(np.linalg.norm(np.asarray(weights) @ rows))
    assume(length > 0.05 * np.abs(weights).sum())
    made = combine(rows, weights)
    assert made.dtype == np.float32
    assert np.linalg.norm(made) == pytest.approx(1, abs=1e-5)
    for picture in (unit("x"), unit("y")):
        assert float(made @ picture) * length == pytest.approx(
            sum(w * float(row @ picture) for w, row in zip(weights, rows, strict=True)), abs=1e-4
        )


@given(seeds=SEEDS, scale=st.sampled_from([1e-300, 1e-6, 0.5, 1.0]))
def test_only_the_ratio_of_weights_counts(seeds: list[str], scale: float):
    """Weights of any size make the same vector."""
    rows = np.stack([unit(seed) for seed in seeds])
    weights = np.linspace(1, 0.5, len(rows))
    assume(np.linalg.norm(weights @ rows) > 0.05 * weights.sum())
    assert combine(rows, list(scale * weights)) == pytest.approx(combine(rows, list(weights)), abs=1e-6)


def test_one_term_is_itself():
    """Whatever its weight."""
    assert combine(unit("a")[None], [0.3]) == pytest.approx(unit("a"), abs=1e-6)


@pytest.mark.parametrize("weights", [[1.0, -1.0], [0.5, -0.5], [1.0, -0.999], [1e-9, -1e-9]])
def test_terms_that_cancel_out_are_refused(weights: list[float]):
    """A direction made of rounding errors would find anything; the answer says why there is none."""
    with pytest.raises(InvalidInput, match="cancel each other out"):
        combine(np.stack([unit("a"), unit("a")]), weights)


def test_terms_that_nearly_cancel_out_are_allowed():
    """What differs between two similar texts is a direction too."""
    near = unit("a") + 0.1 * unit("b")
    made = combine(np.stack([near / np.linalg.norm(near), unit("a")]), [1.0, -1.0])
    assert float(made @ unit("b")) > 0.5
