"""What happens to rows between the products, against numpy."""

import numpy as np
import pytest

from searchindex.encoders.kernels.layout import row_words
from tests.searchindex.encoders.kernels.calling import EPSILON, Packed, bits, call

WIDTH = 48


def normalized(source: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    rows = source.astype(np.float64)
    centred = rows - rows.mean(axis=1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + EPSILON) * weight + bias


def floats(chance, *shape: int) -> np.ndarray:
    return chance.standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("rows", [1, 4, 7, 13])
def test_rows_are_quantised_to_half_a_step(chance, rows):
    """The largest of each row becomes the last step, and nothing is further from where it was than rounding takes it."""
    source = floats(chance, rows, WIDTH) * np.float32(10) ** chance.integers(-6, 6, (rows, 1)).astype(np.float32)
    packed = Packed(source, 1000)
    assert (np.abs(packed.unpacked()).max(axis=1) == 1000).all()
    assert (np.abs(packed.unpacked() * packed.scales[:, None] - source) <= packed.scales[:, None] * 0.501).all()


def test_a_row_of_zeros_stays_one():
    """It has no largest to be divided by."""
    packed = Packed(np.zeros((2, WIDTH), np.float32), 1000)
    assert not packed.unpacked().any()
    assert np.isfinite(packed.scales).all()


def test_normalised_rows_are_quantised(chance):
    """Layer normalisation, and then the same as without."""
    source, weight, bias = floats(chance, 7, WIDTH) * 3 + 5, floats(chance, WIDTH), floats(chance, WIDTH)
    packed = Packed(source, 30_000)  # for its memory
    packed.values[:] = 0
    given = {"rows": packed.words, "source": source, "packed": packed.values, "scales": packed.scales}
    call("normalize", **given, width=WIDTH, steps=30_000, weight=weight, bias=bias, epsilon=bits(EPSILON))
    found = packed.unpacked() * packed.scales[:, None]
    assert np.allclose(found, normalized(source, weight, bias), atol=packed.scales.max())


def test_the_last_normalisation_stays_in_floats(chance):
    """Nothing multiplies it in eight bits."""
    source, weight, bias = floats(chance, 3, WIDTH), floats(chance, WIDTH), floats(chance, WIDTH)
    out = np.zeros_like(source)
    call("settle", rows=row_words(3), source=source, out=out, width=WIDTH, weight=weight, bias=bias, epsilon=bits(EPSILON))
    assert np.allclose(out, normalized(source, weight, bias), atol=1e-5)


def test_words_are_looked_up(chance):
    """The row of each token in sixteen bits, and its place in the text."""
    tokens, positions = chance.standard_normal((100, WIDTH)).astype(np.float16), floats(chance, 9, WIDTH)
    ids, places, out = np.array([99, 0, 5, 5]), np.array([0, 1, 8, 2]), np.zeros((4, WIDTH), np.float32)
    call("embed", rows=row_words(4), ids=ids, places=places, tokens=tokens, positions=positions, out=out, width=WIDTH)
    assert np.array_equal(out, tokens[ids].astype(np.float32) + positions[places])


def test_the_last_row_of_each_text_is_picked(chance):
    """Texts of several lengths, one of a single row."""
    source, last, out = floats(chance, 9, WIDTH), np.array([2, 3, 8]), np.zeros((3, WIDTH), np.float32)
    call("pick", rows=row_words(3), last=last, source=source, out=out, width=WIDTH)
    assert np.array_equal(out, source[last])


def test_the_projection_is_in_float32(chance):
    """Into another number of columns, which need not fill a panel."""
    source, weight, bias = floats(chance, 3, WIDTH), floats(chance, 10, WIDTH), floats(chance, 10)
    out = np.zeros((3, 10), np.float32)
    call("project", rows=row_words(3), source=source, weight=weight, bias=bias, out=out, width=WIDTH, columns=10)
    assert np.allclose(out, source @ weight.T + bias, atol=1e-5)
