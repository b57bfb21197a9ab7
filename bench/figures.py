"""From samples to figures: medians with their spread, and ratios of medians with an interval."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

Sample = Mapping[str, Sequence[float]]  # what one arm measured in one round: values by name
Round = Mapping[str, Sample]  # one sample of every arm, taken one after another

RESAMPLES = 2000
INTERVAL = (0.025, 0.975)
QUARTILES = (0.25, 0.75)


class Kind(StrEnum):
    """What the spread of a figure is: of a ratio the 95 % interval, of a median the quartiles."""

    RATIO = "ratio"
    MEDIAN = "median"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table. `unit` is empty for a share or a ratio."""

    what: str
    kind: Kind
    value: float
    low: float
    high: float
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Of:
    """Where a value is found in a round: the quantile `at` of what `arm` measured under `name`."""

    arm: str
    name: str
    at: float = 0.5

    def read(self, each: Round) -> float:
        return quantile(each[self.arm][self.name], self.at)


def quantile(values: Sequence[float], at: float) -> float:
    """By linear interpolation between the order statistics, as numpy does. ValueError on no values."""
    if not values:
        raise ValueError("a quantile of nothing")
    ordered = sorted(values)
    place = at * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def median_of(what: str, rounds: Sequence[Round], of: Of, *, unit: str = "") -> Figure:
    """The median over the rounds, with its quartiles."""
    values = [of.read(each) for each in rounds]
    low, high = (quantile(values, at) for at in QUARTILES)
    return Figure(what=what, kind=Kind.MEDIAN, value=median(values), low=low, high=high, unit=unit)


def ratio_of(what: str, rounds: Sequence[Round], above: Of, below: Of, *, scale: float = 1.0, seed: int = 1) -> Figure:
    """Median of `above` over median of `below`, times `scale`, with its 95 % interval by resampling whole rounds.

    Whole rounds, because the two samples of a round were taken side by side and share what the machine did meanwhile.
    """
    pairs = [(above.read(each), below.read(each)) for each in rounds]
    drawn = random.Random(seed)
    ratios = [_ratio(drawn.choices(pairs, k=len(pairs))) * scale for _ in range(RESAMPLES)]
    low, high = (quantile(ratios, at) for at in INTERVAL)
    return Figure(what=what, kind=Kind.RATIO, value=_ratio(pairs) * scale, low=low, high=high)


def _ratio(pairs: Sequence[tuple[float, float]]) -> float:
    return median(above for above, _ in pairs) / median(below for _, below in pairs)
