"""What a text tower is timed over: lengths and batches, ids for them, and the memory of the process that holds it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from searchindex.catalogue import ModelCard, Truncation

MS = 1000.0
THREADS = 2
START, END = 49406, 49407
LENGTHS = (4, 8, 16, 32, 77)
BATCHES = (8, 32)


@dataclass(frozen=True, slots=True)
class Shape:
    """`batch` texts of `length` tokens."""

    length: int
    batch: int

    @property
    def name(self) -> str:
        return f"{self.length}x{self.batch}"


def shapes(card: ModelCard, *, quick: bool) -> list[Shape]:
    """Queries alone at all lengths, and batches of short ones; a tower that cannot be cut knows one length."""
    lengths = LENGTHS if card.text.truncation is Truncation.END_OF_TEXT else (card.text.context_length,)
    short = min(8, lengths[-1]) if len(lengths) > 1 else lengths[0]
    alone = [short] if quick else list(lengths)
    return [Shape(length, 1) for length in alone] + [Shape(short, batch) for batch in (BATCHES[:1] if quick else BATCHES)]


def write_shapes(found: list[Shape]) -> str:
    return ",".join(shape.name for shape in found)


def read_shapes(text: str) -> list[Shape]:
    return [Shape(*map(int, name.split("x"))) for name in text.split(",")]


def token_ids(card: ModelCard, shape: Shape, *, seed: int) -> NDArray[np.int64]:
    """int64 [batch, length] of made-up words between the marks that a tokenizer sets."""
    ids = np.random.default_rng(seed).integers(1, 30_000, (shape.batch, shape.length), dtype=np.int64)
    if card.text.tokenizer == "clip":
        ids[:, 0], ids[:, -1] = START, END
    return ids


def resident() -> float:
    """Of this process, in MiB."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024
