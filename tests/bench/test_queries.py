"""The made-up queries are distributed as the benchmark says."""

import itertools
import json
from collections import Counter

import pytest

from bench.queries import COUNT, KNOWN, Stream, Zipf, known, phrase


def test_no_two_phrases_are_alike():
    """Beyond the end of the lists as well; lengths are those of real queries."""
    made = [phrase(number) for number in range(2 * COUNT + 10)]
    assert len(set(made)) == len(made)
    words = [len(each.split()) for each in made[:COUNT]]
    assert min(words) == 1
    assert 4 <= sum(words) / len(words) <= 9
    assert max(map(len, made)) <= 512


@pytest.mark.parametrize("exponent", [1.0, 1.1])
def test_ranks_are_drawn_in_proportion(exponent):
    """The first twice as often as the second, to that power; every rank is within bounds."""
    zipf = Zipf(100, exponent, seed=1)
    drawn = Counter(zipf.draw() for _ in range(100_000))
    assert set(drawn) <= set(range(1, 101))
    assert drawn[1] / drawn[2] == pytest.approx(2**exponent, rel=0.05)
    assert drawn[1] / drawn[10] == pytest.approx(10**exponent, rel=0.1)


def test_a_stream_is_the_same_every_time():
    """Both servers of a comparison are asked the same."""
    first, second = (list(itertools.islice(Stream().zipf(), 1000)) for _ in range(2))
    assert first == second


def test_what_is_not_known_is_new():
    """The known ones are most of the stream, and every other query comes once; of `distinct`, all do."""
    asked_before = set(known())
    assert len(asked_before) == KNOWN
    stream = Stream()
    drawn = Counter(itertools.chain(itertools.islice(stream.zipf(), 5000), itertools.islice(stream.distinct(), 500)))
    assert 0.6 <= sum(drawn[each] for each in asked_before) / 5000 <= 0.8
    assert {count for each, count in drawn.items() if each not in asked_before} == {1}


def test_a_body_is_a_search():
    """As the interface takes it."""
    assert json.loads(next(known())) == {"query": phrase(0), "top_k": 10}
