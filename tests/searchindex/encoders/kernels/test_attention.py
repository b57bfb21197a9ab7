"""Causal attention over texts of several lengths, against numpy."""

import numpy as np
import pytest

pytest.importorskip("llvmlite", reason="llvmlite is not installed: it is for Linux on x86-64")

from searchindex.encoders.kernels.layout import CONTEXT, row_words
from tests.searchindex.encoders.kernels.calling import HEAD

HEADS = 3
WIDTH = HEADS * HEAD


def softened(scores: np.ndarray) -> np.ndarray:
    shares = np.exp(scores - scores.max())
    return shares / shares.sum()


def expected(packed: np.ndarray, key: np.ndarray, value: np.ndarray, lengths: list[int]) -> np.ndarray:
    """Row by row and head by head, in float64."""
    found, first = np.zeros((len(packed), WIDTH)), 0
    for length in lengths:
        for row in range(first, first + length):
            for head in (slice(at, at + HEAD) for at in range(0, WIDTH, HEAD)):
                query, keys, values = (packed[first : row + 1, part * WIDTH : (part + 1) * WIDTH][:, head] for part in range(3))
                keys, values = np.vstack([key[head], keys]), np.vstack([value[head], values])
                found[row, head] = softened(keys @ query[-1] / np.sqrt(HEAD)) @ values
        first += length
    return found


@pytest.mark.parametrize("lengths", [[1], [7], [8], [1, 9, 3], [CONTEXT - 1], [2] * 11])
@pytest.mark.parametrize("spread", [1.0, 30.0])
def test_rows_attend_to_those_before_them_in_their_text(kernels, chance, lengths, spread):
    """And to the row that begins all texts; no text sees another, and large scores do not overflow. Slots lie in any order."""
    packed = (chance.standard_normal((sum(lengths), 3 * WIDTH)) * spread).astype(np.float32)
    key, value = (chance.standard_normal(WIDTH).astype(np.float32) for _ in range(2))
    starts, count = np.cumsum([0, *lengths]), len(packed)
    slots, chains = chance.permutation(2 * count)[:count].astype(np.int64), np.zeros((len(lengths), CONTEXT), np.int64)
    for chain, first, length in zip(chains, starts, lengths, strict=False):
        chain[:length] = slots[first : first + length]
    kept = np.full((2 * count, 2 * WIDTH), np.nan, np.float32)
    kernels("remember", rows=row_words(count), slots=slots, packed=packed, kept=kept, width=WIDTH)
    assert np.array_equal(kept[slots], packed[:, WIDTH:])
    places = np.concatenate([np.arange(length) for length in lengths])
    texts, ends = np.repeat(np.arange(len(lengths)), lengths), starts[1:] - 1
    given = {"places": places, "texts": texts, "chains": chains, "packed": packed, "kept": kept, "key": key, "value": value}
    whole, last = np.full((count, WIDTH), np.nan, np.float32), np.full((len(lengths), WIDTH), np.nan, np.float32)
    kernels("attend", rows=row_words(count), **given, out=whole, width=WIDTH, heads=HEADS)
    kernels("attend_last", rows=row_words(len(lengths)), last=ends, **given, out=last, width=WIDTH, heads=HEADS, threads=3)
    wanted = expected(packed.astype(np.float64), key, value, lengths)
    assert np.allclose(whole, wanted, rtol=1e-3, atol=2e-4 * spread)
    assert np.array_equal(last, whole[ends])
