"""The arithmetic of a plan."""

import math

import pytest

from tools.plan import GIB, Inputs, in_memory, links, nodes_for, on_disk, plan, size, table


def test_a_million_vectors_by_hand():
    """1024 components: 1,024 bytes of int8 and some 132 of links in memory, 4,096 more where the originals are."""
    given = Inputs(dim=1024, m=16, payload=600)
    assert math.isclose(links(16), 4 * (32 + 16 / 15))
    assert in_memory(given) == 1024 + links(16)
    assert in_memory(Inputs(originals_on_disk=False)) - in_memory(given) == 4096
    assert on_disk(given) == 5 * 1024 + links(16) + 600
    assert math.isclose(plan(10**6, given).memory_once, 10**6 * (1024 + links(16)) * 1.5 / GIB)


@pytest.mark.parametrize(("gib", "replicas", "nodes"), [(1, 1, 1), (1, 2, 3), (145, 2, 4), (1, 5, 5)])
def test_nodes_bear_the_loss_of_one(gib: float, replicas: int, nodes: int):
    """Two members cannot decide anything once one of them is lost."""
    assert nodes_for(gib, Inputs(replicas=replicas, node_gib=64, usable=0.75)) == nodes


@pytest.mark.parametrize("points", [10**6, 10**7, 10**8, 10**9])
@pytest.mark.parametrize("replicas", [1, 2, 3])
def test_every_node_has_as_many_copies_of_shards(points: int, replicas: int):
    """Shards times copies divide evenly by nodes, and two revisions fit on the nodes."""
    given = Inputs(replicas=replicas)
    found = plan(points, given)
    assert found.shards * replicas % found.nodes == 0
    assert 2 * found.memory / found.nodes <= given.node_gib * given.usable


@pytest.mark.parametrize(("text", "points"), [("10M", 10**7), ("250k", 250_000), ("1.5M", 1_500_000), ("42", 42)])
def test_sizes_are_read_as_people_write_them(text: str, points: int):
    """With a unit or without."""
    assert size(text) == points


@pytest.mark.parametrize("text", ["", "M", "0", "-1M", "ten"])
def test_other_sizes_are_refused(text: str):
    """Nothing is planned for nothing."""
    with pytest.raises(ValueError, match="is no number of pictures"):
        size(text)


def test_the_table_states_its_inputs():
    """A figure without what it rests on would be believed."""
    shown = table([10**7], Inputs(rate=50, pods=8, build=1.5, node_gib=128))
    for said in ("8 pods of 50 pictures", "1.5 ms of a core", "nodes of 128 GiB", "10,000,000"):
        assert said in shown
