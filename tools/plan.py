"""`python -m tools.plan 10M 100M`: what a collection of that size needs, as arithmetic over stated inputs.

Exact: what vectors, int8 copies and graph links take. Stated by whoever asks: everything that depends on pictures, model and machine.
The page docs/guides/scale.md shows what it prints.
"""

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import starmap
from pathlib import Path

FLOAT, CODE, LINK = 4, 1, 4  # bytes: a component of an original, of its int8 copy, an edge of the graph
GIB = 2**30
HOUR = 3600
ROLLOUT = 2  # while another model is rolled out, its collection lies beside the one that is searched
PAGE = Path(__file__).parent.parent / "docs/guides/scale.md"
BEGIN, END = "<!-- plan -->", "<!-- end of plan -->"
SHOWN = (10_000_000, 100_000_000)
UNITS = {"k": 10**3, "M": 10**6, "G": 10**9}


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """`payload`: bytes of one picture's metadata. `spare`: by how much a member's memory exceeds the computed one, for ids, payload
    indexes, the allocator and what is being optimized. `usable`: share of a node's memory that Qdrant may have. `rate`: pictures a
    second that one indexing pod encodes. `build`: milliseconds of one core to insert a vector into the graph.
    """

    dim: int = 1024
    m: int = 16
    payload: int = 600
    replicas: int = 2
    originals_on_disk: bool = True
    spare: float = 1.5
    node_gib: float = 64
    node_cores: int = 16
    usable: float = 0.75
    rate: float = 100
    pods: int = 4
    build: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """GiB and hours. `memory` and `disk` are of the whole cluster, with all copies of each shard."""

    points: int
    memory_once: float
    memory: float
    disk: float
    nodes: int
    shards: int
    encode_hours: float
    build_hours: float


def plan(points: int, given: Inputs) -> Plan:
    """For `points` pictures."""
    once = points * in_memory(given) * given.spare / GIB
    nodes = nodes_for(ROLLOUT * once * given.replicas, given)
    return Plan(
        points=points,
        memory_once=once,
        memory=once * given.replicas,
        disk=points * on_disk(given) * given.replicas / GIB,
        nodes=nodes,
        shards=nodes // math.gcd(nodes, given.replicas),
        encode_hours=points / (given.rate * given.pods) / HOUR,
        build_hours=points * given.replicas * given.build / 1000 / (nodes * given.node_cores) / HOUR,
    )


def in_memory(given: Inputs) -> float:
    """Bytes for each picture: int8 copy, graph, and the original where it is not on disk."""
    original = 0 if given.originals_on_disk else FLOAT * given.dim
    return CODE * given.dim + original + links(given.m)


def on_disk(given: Inputs) -> float:
    """Bytes for each picture: original, int8 copy, graph, metadata."""
    return (FLOAT + CODE) * given.dim + links(given.m) + given.payload


def links(m: int) -> float:
    """Bytes for each point: 2m edges on the lowest layer; on the others m for one point in m, one in m squared, and so on."""
    return LINK * (2 * m + m / (m - 1))


def nodes_for(gib: float, given: Inputs) -> int:
    """At least as many as there are copies, and three where there is more than one: fewer cannot decide anything once one is lost."""
    least = 1 if given.replicas == 1 else max(3, given.replicas)
    return max(least, math.ceil(gib / (given.node_gib * given.usable)))


def table(sizes: Sequence[int], given: Inputs) -> str:
    """In Markdown, a column for each size."""
    plans = [plan(points, given) for points in sizes]
    rows = {
        "pictures": [f"{each.points:,}" for each in plans],
        "memory for one copy, GiB": [_round(each.memory_once) for each in plans],
        f"memory for {given.replicas} copies, GiB": [_round(each.memory) for each in plans],
        f"disk for {given.replicas} copies, GiB": [_round(each.disk) for each in plans],
        "both while another model is rolled out, GiB": [
            f"{_round(ROLLOUT * each.memory)} and {_round(ROLLOUT * each.disk)}" for each in plans
        ],
        f"nodes of {given.node_gib:g} GiB, for that (`qdrant.replicas`)": [str(each.nodes) for each in plans],
        "shards (`vectors.shardNumber`)": [str(each.shards) for each in plans],
        f"hours to encode, {given.pods} pods of {given.rate:g} pictures a second": [_round(each.encode_hours) for each in plans],
        f"hours to build the graph, {given.build:g} ms of a core each": [_round(each.build_hours) for each in plans],
    }
    lines = list(starmap(_line, rows.items()))
    return "\n".join([lines[0], f"| --- |{' ---: |' * len(plans)}", *lines[1:]])


def _line(name: str, cells: list[str]) -> str:
    return f"| {name} | {' | '.join(cells)} |"


def _round(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"  # noqa: PLR2004  # two digits say enough of a plan


def size(text: str) -> int:
    """`10M`, `250k`, `1000000`. ValueError else."""
    number, unit = (text[:-1], UNITS[text[-1]]) if text[-1:] in UNITS else (text, 1)
    found = round(float(number) * unit) if number.replace(".", "", 1).isdigit() else 0
    if found < 1:
        raise ValueError(f"{text!r} is no number of pictures")
    return found


def page() -> str:
    """docs/guides/scale.md with what the plain command prints."""
    before, rest = PAGE.read_text("utf-8").split(f"{BEGIN}\n", 1)
    return f"{before}{BEGIN}\n{table(SHOWN, Inputs())}\n{END}{rest.split(END, 1)[1]}"


def main(arguments: Sequence[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tools.plan", description="What a collection of so many pictures needs.")
    parser.add_argument("sizes", nargs="+", type=size, metavar="PICTURES", help="such as 10M")
    default = Inputs()
    parser.add_argument("--dim", type=int, default=default.dim, help="components of a vector (%(default)s)")
    parser.add_argument("--m", type=int, default=default.m, help="edges of a node of the graph (%(default)s)")
    parser.add_argument("--payload", type=int, default=default.payload, help="bytes of metadata for each picture (%(default)s)")
    parser.add_argument("--replicas", type=int, default=default.replicas, help="copies of each shard (%(default)s)")
    parser.add_argument("--originals-in-ram", dest="originals_on_disk", action="store_false", help="keep the float originals in memory too")
    parser.add_argument("--spare", type=float, default=default.spare, help="memory of a member over what is computed (%(default)s)")
    parser.add_argument("--node-gib", type=float, default=default.node_gib, help="memory of a node (%(default)s)")
    parser.add_argument("--node-cores", type=int, default=default.node_cores, help="cores of a node (%(default)s)")
    parser.add_argument("--usable", type=float, default=default.usable, help="share of a node's memory for Qdrant (%(default)s)")
    parser.add_argument(
        "--rate", type=float, default=default.rate, help="pictures a second of one indexing pod: measure yours (%(default)s)"
    )
    parser.add_argument("--pods", type=int, default=default.pods, help="indexing pods at a time (%(default)s)")
    parser.add_argument(
        "--build", type=float, default=default.build, help="ms of a core for each vector of the graph: measure (%(default)s)"
    )
    given = vars(parser.parse_args(arguments))
    sizes = given.pop("sizes")
    print(table(sizes, Inputs(**given)))  # noqa: T201  # what was asked for
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
