"""A compiled text tower, and the threads that compute it."""

import ctypes
import threading
import weakref
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from searchindex.encoders.exported_tower import QuantizedTower
from searchindex.encoders.kernels.layout import ENDS, FIRST_BELL, HEAR, LINE, MOST_ROWS, RING, STEP, YIELD, team_words
from searchindex.encoders.kernels.library import Library, library
from searchindex.encoders.kernels.plan import Plan, Step
from searchindex.encoders.kernels.signatures import ARGUMENTS
from searchindex.encoders.towers import Floats

_WORD, _ADDRESS = ctypes.c_int64, ctypes.c_void_p


class CompiledTower:
    """One caller at a time. `threads` of them compute: the caller and others, which sleep between two calls."""

    def __init__(self, tower: QuantizedTower, *, threads: int) -> None:
        self.dim = tower.sizes.dim
        self._sizes = tower.sizes
        self._plan = Plan(tower)
        self._steps = _table(library(), self._plan.steps)
        self._team = _Team(library(), self._steps, threads)
        weakref.finalize(self, self._team.end)

    def run(self, ids: NDArray[np.int64]) -> Floats:
        """float32 [n, dim], of any length, of ids [n, length]; each text ends where its id is highest (that of the end). ValueError on
        ids that the tower has no rows for.
        """
        ends = ids.argmax(axis=1)
        if not (ids.min() >= 0 and ids.max() < self._sizes.words and ends.min() >= 1 and ends.max() <= self._sizes.places):
            raise ValueError("the ids are not those of texts for this tower")
        texts = [row[1 : end + 1].tolist() for row, end in zip(ids, ends, strict=True)]
        return np.concatenate([self._run(part) for part in _parts(texts)])

    def _run(self, texts: Sequence[list[int]]) -> Floats:
        self._plan.fill(texts)
        self._team.go()
        return self._plan.vectors(len(texts))


def _parts(texts: Sequence[list[int]]) -> Iterator[Sequence[list[int]]]:
    """As many texts at a time as there is room for."""
    first = rows = 0
    for number, text in enumerate(texts):
        if rows + len(text) > MOST_ROWS:
            yield texts[first:number]
            first, rows = number, 0
        rows += len(text)
    yield texts[first:]


def _table(functions: Library, steps: Sequence[Step]) -> NDArray[np.int64]:
    """int64 [steps, STEP]: what `team.py` has threads go through."""
    table = np.zeros((len(steps), STEP), np.int64)
    for row, (kernel, arguments) in zip(table, steps, strict=True):
        words = [functions.address(kernel), *(_word(arguments[name]) for name in ARGUMENTS[kernel])]
        row[: len(words)] = words
    return table


def _word(value: "int | NDArray[Any]") -> int:
    return value if isinstance(value, int) else value.ctypes.data


class _Team:
    """Threads in native code, which hold no lock of Python and cost nothing while they sleep."""

    def __init__(self, functions: Library, steps: NDArray[np.int64], threads: int) -> None:
        self._steps, self._size = steps, threads
        self._words = np.zeros(team_words(threads), np.int64)
        self._library = ctypes.CDLL(None)
        for word, name in ((YIELD, "sched_yield"), (RING, "sem_post"), (HEAR, "sem_wait")):
            self._words[word] = ctypes.cast(self._library[name], _ADDRESS).value or 0
        for number in range(1, threads):
            self._library.sem_init(_ADDRESS(self._bell(number)), 0, 0)
        kinds = (_ADDRESS, _WORD, _WORD, _WORD, _ADDRESS)
        serve, self._lead = (functions.call(name, *kinds) for name in ("serve", "lead"))
        self._threads = [
            threading.Thread(target=serve, args=self._of(number), name=f"encoder-{number}", daemon=True) for number in range(1, threads)
        ]
        for thread in self._threads:
            thread.start()

    def go(self) -> None:
        """Through all steps once."""
        self._lead(*self._of(0))

    def end(self) -> None:
        self._words[ENDS] = 1
        for number, thread in enumerate(self._threads, 1):
            self._library.sem_post(_ADDRESS(self._bell(number)))
            thread.join()

    def _of(self, number: int) -> tuple[int, ...]:
        """What a thread is to do, as `team.py` takes it."""
        return self._steps.ctypes.data, len(self._steps), number, self._size, self._words.ctypes.data

    def _bell(self, number: int) -> int:
        return int(self._words.ctypes.data + 8 * (FIRST_BELL + number * LINE))
