"""Shapes that graphs are recorded for: few, large enough, and no larger than they have to be."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from searchindex.encoders.buckets import LENGTHS, batch_bucket, fill_batch, fill_length, length_bucket, text_shapes

CONTEXTS = st.integers(1, 300)


@given(CONTEXTS, st.data())
def test_a_text_fits_its_bucket_and_no_smaller_one(longest, data):
    """Nothing is cut, nothing is longer than the tower can take, and padding is as little as the buckets allow."""
    length = data.draw(st.integers(1, longest))
    bucket = length_bucket(length, longest=longest)
    assert length <= bucket <= longest
    assert bucket in {*LENGTHS, longest}
    assert not any(length <= smaller < bucket for smaller in LENGTHS)


@given(st.integers(1, 2000))
def test_a_batch_is_at_most_doubled(size):
    """A power of two, and less than twice what is asked for."""
    bucket = batch_bucket(size)
    assert size <= bucket < 2 * size
    assert bucket & (bucket - 1) == 0


@given(CONTEXTS, st.integers(1, 64), st.booleans(), st.data())
def test_whatever_comes_was_met_at_start(longest, batches, cut, data):
    """No query pays for a recording: each shape of a batch is among those that are warmed up."""
    size, length = data.draw(st.integers(1, batches)), data.draw(st.integers(1, longest)) if cut else longest
    shapes = text_shapes(batches=batches, longest=longest, cut=cut)
    assert (batch_bucket(size), length_bucket(length, longest=longest)) in shapes
    assert len(set(shapes)) == len(shapes)


def test_a_queue_of_clip_queries_needs_sixteen_shapes():
    """Four sizes of up to eight texts, by four lengths."""
    assert len(text_shapes(batches=8, longest=77, cut=True)) == 16


@given(st.integers(1, 9), st.integers(1, 77))
def test_what_is_filled_stays_where_it_was(size, length):
    """Ids stand at their places, and zeros, which is no token's highest id, behind and below them."""
    ids = np.arange(1, size * length + 1, dtype=np.int64).reshape(size, length)
    filled = fill_batch(fill_length(ids, longest=77))
    assert filled.shape == (batch_bucket(size), length_bucket(length, longest=77))
    assert np.array_equal(filled[:size, :length], ids)
    assert filled.sum() == ids.sum()
