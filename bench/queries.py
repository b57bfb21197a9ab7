"""What people ask, made up: phrases of realistic lengths, and a stream of them in which few are asked often and most once."""

import itertools
import json
import random
from bisect import bisect
from collections.abc import Iterator
from itertools import accumulate
from math import prod

SUBJECTS = (
    "cat",
    "dog",
    "old house",
    "woman",
    "man in a hat",
    "child",
    "red bicycle",
    "wooden boat",
    "train",
    "horse",
    "two friends",
    "bird",
)
KINDS = (
    "",
    "photo of a ",
    "drawing of a ",
    "happy ",
    "black and white ",
    "close-up of a ",
    "portrait of a ",
    "blurred ",
    "funny ",
    "vintage ",
)
DOINGS = (
    "",
    " asleep",
    " in motion",
    " seen from above",
    " with an umbrella",
    " covered with snow",
    " eating lunch",
    " waiting",
    " jumping",
)
PLACES = ("", " on the beach", " at night", " in a forest", " in front of a lake", " in the city", " under a bridge", " at a market")
LISTS = (KINDS, SUBJECTS, DOINGS, PLACES)
COUNT = prod(map(len, LISTS))
STRIDE = 1009  # prime to COUNT: neighbours in number are not alike

RANKS, EXPONENT = 10_000, 1.05
KNOWN = 500  # the most frequent ones: asked before the measurement begins


def phrase(number: int) -> str:
    """A different one for every number from 0 on; one to thirteen words."""
    again, place = divmod(number, COUNT)
    place = place * STRIDE % COUNT
    words = ""
    for each in LISTS:
        place, at = divmod(place, len(each))
        words += each[at]
    return f"{words} {again}" if again else words


class Zipf:
    """Ranks 1..`count`, the r-th drawn in proportion to r ** -exponent."""

    def __init__(self, count: int, exponent: float, *, seed: int) -> None:
        self._drawn = random.Random(seed)
        self._sums = list(accumulate(rank**-exponent for rank in range(1, count + 1)))

    def draw(self) -> int:
        return 1 + bisect(self._sums, self._drawn.random() * self._sums[-1], hi=len(self._sums) - 1)


def body_of(query: str) -> bytes:
    return json.dumps({"query": query, "top_k": 10}).encode()


def known() -> Iterator[bytes]:
    """The queries that were asked before."""
    return (body_of(phrase(number)) for number in range(KNOWN))


class Stream:
    """Bodies of searches without an end. A query that is new in one of `distinct` and `zipf` is new in the other."""

    def __init__(self, *, seed: int = 3) -> None:
        self._zipf = Zipf(RANKS, EXPONENT, seed=seed)
        self._new = itertools.count(RANKS)

    def distinct(self) -> Iterator[bytes]:
        """No query comes twice: nothing can be remembered."""
        return (body_of(phrase(number)) for number in self._new)

    def zipf(self) -> Iterator[bytes]:
        """Zipf's distribution with a tail that never ends: what is not among the known has not been asked before.

        A tail of finite length would fill whatever remembers while it is measured, the faster server's memory sooner.
        """
        while True:
            rank = self._zipf.draw()
            yield body_of(phrase(rank - 1 if rank <= KNOWN else next(self._new)))
