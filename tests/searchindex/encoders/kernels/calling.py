"""The kernels compiled for a test, and called from Python by the names of their arguments."""

import ctypes

import numpy as np
from llvmlite import ir

from searchindex.encoders.kernels import attention, products, rows
from searchindex.encoders.kernels.layout import group_words, row_words
from searchindex.encoders.kernels.machine import Functions
from searchindex.encoders.kernels.tower import ARGUMENTS
from searchindex.encoders.towers import Activation

WORD = ctypes.c_int64
EPSILON, HEAD = 1e-5, 16


class Kernels:
    """All of them, with GELU and heads of HEAD floats."""

    def __init__(self) -> None:
        module = ir.Module("test")
        products.add_products(module, Activation.GELU)
        rows.add_rows(module, EPSILON)
        attention.add_attention(module, HEAD)
        self._functions = Functions(module)

    def __call__(self, kernel: str, *, threads: int = 2, **arguments) -> None:
        """Each thread's share, one after the other."""
        words = [arguments[name] for name in ARGUMENTS[kernel]]
        table = np.array([word if isinstance(word, int) else word.ctypes.data for word in words], np.int64)
        call = self._functions.call(kernel, ctypes.c_void_p, WORD, WORD)
        for thread in range(threads):
            call(table.ctypes.data, thread, threads)


class Packed:
    """Rows as `quantize` leaves them."""

    def __init__(self, kernels: Kernels, source: np.ndarray, steps: int) -> None:
        count, self._width = source.shape
        self.words, self.groups = row_words(count), group_words(count)
        self.values, self.scales = np.zeros(source.size, np.int16), np.zeros(count, np.float32)
        given = {"rows": self.words, "source": source, "packed": self.values, "scales": self.scales}
        kernels("quantize", **given, width=self._width, steps=steps)

    def unpacked(self) -> np.ndarray:
        """int16 [rows, width]."""
        found = []
        for first, size in self.groups[1:].reshape(-1, 2):
            part = self.values[first * self._width : (first + size) * self._width]
            found += [part.reshape(-1, size, 2)[:, row].ravel() for row in range(size)]
        return np.stack(found)
