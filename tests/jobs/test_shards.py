"""Which pictures are whose."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.shards import WHOLE, Shard
from searchindex.errors import InvalidInput
from searchindex.points import point_id


@given(st.text(min_size=1), st.integers(1, 50))
def test_every_picture_has_one_shard(uri: str, count: int):
    """Nothing is left out and nothing is done twice."""
    assert sum(Shard(index, count).holds(uri) for index in range(count)) == 1
    assert WHOLE.holds(uri)


def test_a_picture_keeps_its_shard():
    """Another release must find the same shards, else a sync would remove what it does not know."""
    assert [uri for uri in ("a.png", "b/c.jpg", "日本.webp") if Shard(1, 4).holds(uri)] == ["b/c.jpg", "日本.webp"]


@pytest.mark.parametrize("count", [2, 3, 8, 16])
@pytest.mark.parametrize("pattern", ["{:06}.jpg", "2024/{0}/{0}.png", "{:x}", "tenant-7/{:09}.webp"])
def test_shards_are_even_whatever_the_names(pattern: str, count: int):
    """Numbered files and folders do not gather in one shard: each is within 5 standard deviations of its share."""
    total = 20_000
    sizes = Counter(point_id(pattern.format(number)) % count for number in range(total))
    share = total / count
    assert max(abs(sizes[index] - share) for index in range(count)) < 5 * (share * (1 - 1 / count)) ** 0.5


def test_every_stretch_of_the_collection_has_all_shards():
    """What orders a scroll does not order the shards: reading a page of ids meets all of them evenly."""
    ids = sorted(point_id(f"{number}.png") for number in range(16_000))
    for page in range(0, 16_000, 2000):
        sizes = Counter(each % 4 for each in ids[page : page + 2000])
        assert all(400 < sizes[index] < 600 for index in range(4))


def test_written_as_a_person_does():
    """The flag `--shard i/n`."""
    assert Shard.parse("1/2") == Shard(1, 2)


@pytest.mark.parametrize("text", ["", "1", "2/2", "-1/2", "0/0", "a/b", "1/2/3", "٣/4" * 10, "1/1000000"])
def test_what_is_no_shard(text: str):
    """Refused with how to write it."""
    with pytest.raises(InvalidInput, match=r"0/2"):
        Shard.parse(text)
