"""What is asked: texts as people type them, or vectors that continue a simulation."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jobs.simulation.vectors import BLOCK, Simulation
from searchindex.errors import InvalidInput

TEXTS = (
    "a cat asleep on a sofa",
    "sunset over the sea",
    "people walking in a city at night",
    "a red sports car",
    "mountains covered with snow",
    "a plate of food on a wooden table",
    "children playing football",
    "a dog running on the beach",
    "an old building with columns",
    "flowers in a garden",
    "a train arriving at a station",
    "portrait of a woman with glasses",
    "boats in a harbour",
    "a bird in flight",
    "an empty street in the rain",
    "cat",
    "beach",
    "a bicycle leaning against a white wall",
    "two friends laughing at a birthday party with a cake and many candles",
    "black and white photograph of a bridge in fog",
    "close-up of a bee on a yellow flower",
    "a man in a suit giving a talk in front of a large screen",
    "hot air balloons above a valley early in the morning",
    "drawing of a dragon",
    "a market with fruit and vegetables",
)


@dataclass(frozen=True, slots=True)
class Question:
    """One of the two: what a text encoder is to encode, or float32 [dim]."""

    text: str | None = None
    vector: NDArray[np.float32] | None = None


def texts_of(path: Path | None) -> list[Question]:
    """InvalidInput where the file has none."""
    if path is None:
        return [Question(text=text) for text in TEXTS]
    try:
        lines = [line.strip() for line in path.read_text("utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"BENCHMARK_QUERIES: {path} cannot be read ({type(error).__name__}).") from None
    if not any(lines):
        raise InvalidInput(f"BENCHMARK_QUERIES: there is no text in {path}.")
    return [Question(text=line) for line in lines if line]


def continued(simulation: Simulation, *, stored: int, count: int) -> Sequence[Question]:
    """Beyond what was stored, where no neighbours were planted: those would be found too easily."""
    first = stored // BLOCK + 1
    return [Question(vector=row) for row in simulation.queries(first, count)]
