"""How rows and weights lie in memory for the kernels, and how far rows may be scaled."""

import mmap
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from searchindex.encoders.exported_tower import Sizes
from searchindex.encoders.kernels.signatures import HEADS
from searchindex.encoders.quantization import STEPS

LANES = 8  # floats of a vector: 32 bytes, as AVX2 has them
COLUMNS = 16  # of a panel of weights
GROUP = 6  # rows that are multiplied at a time
MOST_ROWS = 128  # of one call; more gain nothing
SLOTS = 256  # tokens whose keys and values are kept
CONTEXT = 128  # rows that one may attend to
STEP = 16  # words of a step: the address of its kernel, then the kernel's arguments
LINE = 8  # words of a line of the cache: what threads wait for lies apart from what they write
ARRIVED, ROUND, ENDS, YIELD, RING, HEAR, FIRST_BELL = (each * LINE for each in range(7))  # words of a team; each thread has a bell
_HUGE = 2 * 2**20  # bytes of a huge page

Words = NDArray[np.int64]


def fits(sizes: Sizes) -> bool:
    """Whether whole panels and vectors make up the tower, and its texts find room."""
    panels = all(each % COLUMNS == 0 for each in (sizes.width, sizes.hidden))
    return panels and sizes.width // sizes.heads in HEADS and sizes.places < CONTEXT


def row_groups(rows: int) -> list[tuple[int, int]]:
    """First row and number of rows of each group: as few groups of at most GROUP as there can be, as even as they can be."""
    count = -(-rows // GROUP)
    sizes = [rows // count + (each < rows % count) for each in range(count)]
    return [(sum(sizes[:each]), size) for each, size in enumerate(sizes)]


def group_words(rows: int) -> Words:
    """What the products take: how many groups there are, then the first row and the number of rows of each."""
    groups = row_groups(rows)
    return np.array([len(groups), *(word for group in groups for word in group)], np.int64)


def row_words(rows: int) -> Words:
    """What quantises the rows takes: how many there are, then of each row the first one of its group and the number of rows there."""
    return np.array([rows, *(word for first, size in row_groups(rows) for _ in range(size) for word in (first, size))], np.int64)


def steps(inputs: int) -> int:
    """The largest whole number that a row of so many inputs may be scaled to: products with weights to 127 must add up in 32 bits."""
    return int(min(2**15 - 1, (2**31 - 1) // (STEPS * inputs)))


def pack(weight: NDArray[np.int8], into: NDArray[np.int8]) -> None:
    """From [inputs, outputs] to panels of COLUMNS outputs, with two inputs side by side for each output. `into` is of the same size."""
    inputs, outputs = weight.shape
    pairs = weight.reshape(inputs // 2, 2, outputs // COLUMNS, COLUMNS)
    into.reshape(outputs // COLUMNS, inputs // 2, COLUMNS, 2)[:] = pairs.transpose(2, 0, 3, 1)


def team_words(threads: int) -> int:
    """How many words a team takes."""
    return FIRST_BELL + threads * LINE


def room(size: int) -> NDArray[np.int8]:
    """Bytes of their own, in huge pages where the system gives such: fewer addresses to look up while weights are read."""
    memory = mmap.mmap(-1, -(-max(size, 1) // _HUGE) * _HUGE)
    with suppress(OSError):  # a kernel without them
        memory.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(memory, np.int8)
