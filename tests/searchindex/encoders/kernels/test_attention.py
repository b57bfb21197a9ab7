"""Causal attention over texts of several lengths, against numpy."""

import numpy as np
import pytest

from searchindex.encoders.kernels.layout import CONTEXT, row_words
from searchindex.encoders.kernels.signatures import HEADS as SIZES
from searchindex.encoders.kernels.signatures import attend, attend_last
from tests.searchindex.encoders.kernels.calling import call

HEADS = 3


def softened(scores: np.ndarray) -> np.ndarray:
    shares = np.exp(scores - scores.max())
    return shares / shares.sum()


def expected(packed: np.ndarray, key: np.ndarray, value: np.ndarray, lengths: list[int], size: int) -> np.ndarray:
    """Row by row and head by head, in float64."""
    width, first = HEADS * size, 0
    found = np.zeros((len(packed), width))
    for length in lengths:
        for row in range(first, first + length):
            for head in (slice(at, at + size) for at in range(0, width, size)):
                query, keys, values = (packed[first : row + 1, part * width : (part + 1) * width][:, head] for part in range(3))
                keys, values = np.vstack([key[head], keys]), np.vstack([value[head], values])
                found[row, head] = softened(keys @ query[-1] / np.sqrt(size)) @ values
        first += length
    return found


@pytest.mark.parametrize("lengths", [[1], [7], [8], [1, 9, 3], [CONTEXT - 1], [2] * 11])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("spread", [1.0, 30.0])
def test_rows_attend_to_those_before_them_in_their_text(chance, lengths, spread, size):
    """And to the row that begins all texts; no text sees another, and large scores do not overflow. Slots lie in any order."""
    width = HEADS * size
    packed = (chance.standard_normal((sum(lengths), 3 * width)) * spread).astype(np.float32)
    key, value = (chance.standard_normal(width).astype(np.float32) for _ in range(2))
    starts, count = np.cumsum([0, *lengths]), len(packed)
    slots, chains = chance.permutation(2 * count)[:count].astype(np.int64), np.zeros((len(lengths), CONTEXT), np.int64)
    for chain, first, length in zip(chains, starts, lengths, strict=False):
        chain[:length] = slots[first : first + length]
    kept = np.full((2 * count, 2 * width), np.nan, np.float32)
    call("remember", rows=row_words(count), slots=slots, packed=packed, kept=kept, width=width)
    assert np.array_equal(kept[slots], packed[:, width:])
    places = np.concatenate([np.arange(length) for length in lengths])
    texts, ends = np.repeat(np.arange(len(lengths)), lengths), starts[1:] - 1
    given = {"places": places, "texts": texts, "chains": chains, "packed": packed, "kept": kept, "key": key, "value": value}
    whole, last = np.full((count, width), np.nan, np.float32), np.full((len(lengths), width), np.nan, np.float32)
    call(attend(size), rows=row_words(count), **given, out=whole, width=width, heads=HEADS)
    call(attend_last(size), rows=row_words(len(lengths)), last=ends, **given, out=last, width=width, heads=HEADS, threads=3)
    wanted = expected(packed.astype(np.float64), key, value, lengths, size)
    assert np.allclose(whole, wanted, rtol=1e-3, atol=2e-4 * spread)
    assert np.array_equal(last, whole[ends])
