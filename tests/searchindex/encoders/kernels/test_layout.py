"""Where rows and weights lie, and how far rows are scaled."""

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from searchindex.encoders.exported_tower import Sizes
from searchindex.encoders.kernels.layout import COLUMNS, GROUP, MOST_ROWS, fits, group_words, pack, room, row_groups, row_words, steps

SIZES = Sizes(words=49408, places=76, layers=24, heads=16, width=1024, hidden=4096, dim=1024)


@given(st.integers(1, MOST_ROWS))
def test_every_row_is_in_one_group(rows):
    """No row is computed twice or left out, and no group is larger than there are registers for."""
    groups = row_groups(rows)
    assert [row for first, size in groups for row in range(first, first + size)] == list(range(rows))
    assert all(1 <= size <= GROUP for _, size in groups)
    assert len(groups) == -(-rows // GROUP)
    assert max(size for _, size in groups) - min(size for _, size in groups) <= 1


@given(st.integers(1, MOST_ROWS))
def test_what_packs_and_what_multiplies_agree(rows):
    """Each row is told the group in which it will be looked for."""
    groups, count = group_words(rows)[1:].reshape(-1, 2), group_words(rows)[0]
    told = row_words(rows)
    assert (count, told[0]) == (len(groups), rows)
    for row, (first, size) in enumerate(told[1:].reshape(-1, 2)):
        assert [first, size] in groups.tolist()
        assert first <= row < first + size


@given(st.integers(2, 2**20))
def test_sums_stay_within_32_bits(inputs):
    """The largest weight times the largest row, as often as there are inputs, cannot overflow; nor could two more steps be allowed."""
    assert steps(inputs) * 127 * inputs <= 2**31 - 1
    assert steps(inputs) == 2**15 - 1 or (steps(inputs) + 1) * 127 * inputs > 2**31 - 1


def test_eight_bits_and_more_are_left_for_rows():
    """Of the largest towers there are, too: what is quantised at run time is the smaller error."""
    assert steps(5120) > 2**11


@given(st.integers(1, 5), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_a_panel_holds_its_columns_pair_by_pair(pairs, panels, seed):
    """Nothing is lost or moved elsewhere."""
    weight = np.random.default_rng(seed).integers(-127, 128, (2 * pairs, panels * COLUMNS), dtype=np.int8)
    into = np.zeros(weight.size, np.int8)
    pack(weight, into)
    assert np.array_equal(into.reshape(panels, pairs, COLUMNS, 2).transpose(1, 3, 0, 2).reshape(weight.shape), weight)


def test_room_is_writable_and_empty():
    """Memory of its own, as large as asked for or larger."""
    found = room(5)
    found[:5] = 1
    assert len(found) >= 5
    assert not found[5:].any()


def test_odd_sizes_are_left_to_the_other_runtime():
    """Towers that panels and vectors do not divide, or with longer texts than there is room for."""
    assert fits(SIZES)
    assert not fits(replace(SIZES, hidden=4100))
    assert not fits(replace(SIZES, width=1032, heads=129))
    assert not fits(replace(SIZES, heads=128))
    assert not fits(replace(SIZES, places=128))
