"""What a benchmark is: arms that are measured side by side, each in a process of its own, and figures made of their samples."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Figure, Round, Sample

Sampler = Callable[[], Sample]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What an arm gets. `folder` holds what `prepare` made and is the benchmark's own; `quick` asks for less of everything."""

    folder: Path
    quick: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """`prepare` runs once, in a process of its own; each of `arms` in another, where it is called once and sampled often.

    `compares` says in a sentence what stands against what, for the table's reader. `missing`: what keeps it from being measured
    here, and how to get it; empty where nothing does. `on_request`: only by its name, never with all. `minutes`: about how long a
    whole run takes.
    """

    name: str
    compares: str
    rounds: int
    prepare: Callable[[Setup], None]
    arms: Mapping[str, Callable[[Setup], Sampler]]
    figures: Callable[[Sequence[Round]], list[Figure]]
    missing: Callable[[], str] = str
    on_request: bool = False
    minutes: int = 5

    def rounds_of(self, *, quick: bool) -> int:
        return max(3, self.rounds // 4) if quick else self.rounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """`figures` is empty where fewer than two thirds of the `planned` rounds were `quiet`: then nothing was measured."""

    name: str
    compares: str
    planned: int
    quiet: int
    figures: tuple[Figure, ...]

    @property
    def measured(self) -> bool:
        return bool(self.figures)
