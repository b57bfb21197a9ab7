"""The kernels called from Python by the names of their arguments."""

import ctypes

import numpy as np

from searchindex.encoders.kernels.layout import group_words, row_words
from searchindex.encoders.kernels.library import library
from searchindex.encoders.kernels.signatures import ARGUMENTS

WORD = ctypes.c_int64
EPSILON = 1e-5


def call(kernel: str, *, threads: int = 2, **arguments) -> None:
    """Each thread's share, one after the other."""
    words = [arguments[name] for name in ARGUMENTS[kernel]]
    table = np.array([word if isinstance(word, int) else word.ctypes.data for word in words], np.int64)
    function = library().call(kernel, ctypes.c_void_p, WORD, WORD)
    for thread in range(threads):
        function(table.ctypes.data, thread, threads)


def bits(value: float) -> int:
    """A float32 as a kernel's word."""
    return int(np.float32(value).view(np.int32))


class Packed:
    """Rows as `quantize` leaves them."""

    def __init__(self, source: np.ndarray, steps: int) -> None:
        count, self._width = source.shape
        self.words, self.groups = row_words(count), group_words(count)
        self.values, self.scales = np.zeros(source.size, np.int16), np.zeros(count, np.float32)
        given = {"rows": self.words, "source": source, "packed": self.values, "scales": self.scales}
        call("quantize", **given, width=self._width, steps=steps)

    def unpacked(self) -> np.ndarray:
        """int16 [rows, width]."""
        found = []
        for first, size in self.groups[1:].reshape(-1, 2):
            part = self.values[first * self._width : (first + size) * self._width]
            found += [part.reshape(-1, size, 2)[:, row].ravel() for row in range(size)]
        return np.stack(found)
