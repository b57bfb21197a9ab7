"""Products of rows with weights in eight bits, which are exact."""

import numpy as np
import pytest

from searchindex.encoders.kernels.layout import group_words, pack, row_groups, steps
from searchindex.encoders.kernels.signatures import activate
from searchindex.encoders.towers import Activation
from tests.searchindex.encoders.kernels.calling import call
from tests.searchindex.encoders.towers import _activated


class Layer:
    """Weights, rows that are already whole numbers, and what comes of them."""

    def __init__(self, chance, *, rows: int, inputs: int, columns: int, most: int | None = None) -> None:
        largest = most or steps(inputs)
        self.rows = chance.integers(-largest, largest + 1, (rows, inputs), dtype=np.int16)
        self.weight = chance.integers(-127, 128, (inputs, columns), dtype=np.int8)
        self.scales, self.column_scales, self.bias = (
            chance.uniform(0.5, 1.5, size).astype(np.float32) / np.float32(most or 1) for size in (rows, columns, columns)
        )

    def expected(self) -> np.ndarray:
        whole = self.rows.astype(np.int64) @ self.weight.astype(np.int64)
        return whole * self.scales[:, None].astype(np.float64) * self.column_scales + self.bias

    def through(self, kernel: str, out: np.ndarray, threads: int) -> np.ndarray:
        inputs, columns = self.weight.shape
        packed, weights = [], np.zeros(self.weight.size, np.int8)
        for first, size in row_groups(len(self.rows)):
            packed.append(self.rows[first : first + size].reshape(size, inputs // 2, 2).transpose(1, 0, 2).ravel())
        pack(self.weight, weights)
        given = {"rows": np.concatenate(packed), "row_scales": self.scales, "weights": weights, "column_scales": self.column_scales}
        sizes = {"pairs": inputs // 2, "columns": columns}
        call(kernel, threads=threads, groups=group_words(len(self.rows)), **given, bias=self.bias, out=out, **sizes)
        return out


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5, 6, 7, 8, 13, 18, 37])
@pytest.mark.parametrize("threads", [1, 2, 5])
def test_products_are_exact(chance, rows, threads):
    """Whatever the number of rows and of threads, more than there are panels included: only the scaling rounds."""
    layer = Layer(chance, rows=rows, inputs=96, columns=48)
    found = layer.through("multiply", np.full((rows, 48), np.nan, np.float32), threads)
    assert np.allclose(found, layer.expected(), rtol=3e-7, atol=0)


def test_nothing_saturates(chance):
    """The largest rows with the largest weights, all of one sign, in a tower as wide as there are."""
    layer = Layer(chance, rows=7, inputs=5120, columns=16)
    layer.rows[:], layer.weight[:] = steps(5120), -127
    found = layer.through("multiply", np.zeros((7, 16), np.float32), 2)
    assert np.allclose(found, layer.expected(), rtol=3e-7, atol=0)


def test_sums_are_added_to_what_is_there(chance):
    """The stream of a transformer takes what a layer adds."""
    layer, before = Layer(chance, rows=8, inputs=32, columns=32, most=9), chance.standard_normal((8, 32)).astype(np.float32)
    found = layer.through("accumulate", before.copy(), 2)
    assert np.allclose(found, before + layer.expected(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("activation", Activation)
def test_what_grows_is_activated(chance, activation):
    """Each product once, after its bias."""
    layer = Layer(chance, rows=5, inputs=32, columns=32, most=99)
    found, expected = layer.through(activate(activation), np.zeros((5, 32), np.float32), 2), layer.expected()
    assert np.allclose(found, _activated(activation, expected), rtol=1e-5, atol=1e-5)
