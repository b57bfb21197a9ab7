"""A text tower as one chain of fused operators.

Exact but for rounding in float32. Three things are left out because they change no vector: what stands behind the end of a text
(the caller cuts it), the first token of a causal tower, whose keys and values are constants, and in the last block, behind the
attention, all rows but the one that is read.
"""

from pathlib import Path

import numpy as np

from searchindex.encoders.graph_building import GraphBuilder
from searchindex.encoders.start_rows import start_rows
from searchindex.encoders.towers import TextTower
from searchindex.encoders.transformer_graph import Batch, Transformer, add_linear, add_transformer
from searchindex.models import Precision


def write_text_graph(tower: TextTower, precision: Precision, path: Path) -> Path:
    """Write the graph over `input_ids` int64 [n, length] that yields `vectors`, unit vectors float32 [n, dim].

    Returns the file with its weights, beside `path`. The length varies where the tower is causal, else it is the context's.
    """
    graph = GraphBuilder()
    length: int | str = "length" if tower.causal else len(tower.positions)
    ids = graph.input("input_ids", np.int64, ["n", length])
    if tower.start is not None:
        ids = graph.node("Slice", ids, _ints(graph, "slice.from", 1), _ints(graph, "slice.to", 2**31), _ints(graph, "slice.axis", 1))
    batch = _batch(graph, tower, ids)
    transformer = Transformer(
        blocks=tower.blocks,
        norm=tower.norm,
        heads=tower.heads,
        activation=tower.activation,
        causal=tower.causal,
        before=tuple(start_rows(tower, tower.start)) if tower.start is not None else (),
    )
    rows = add_transformer(graph, transformer, precision, rows=_embedded(graph, tower, precision, ids, batch), batch=batch)
    vectors = graph.node("LpNormalization", add_linear(graph, "projection", tower.projection, rows), axis=-1, p=2)
    return graph.write(path, vectors, ["n", tower.dim])


def _batch(graph: GraphBuilder, tower: TextTower, ids: str) -> Batch:
    n, length = graph.node("Shape", ids, end=1), graph.node("Shape", ids, start=1)
    first = graph.node(
        "Range", graph.tensor("zero", np.array(0, np.int64)), graph.node("Squeeze", n), graph.tensor("step", np.array(1, np.int64))
    )
    first = graph.node("Mul", first, length)
    last = graph.node("Sub", length, _ints(graph, "last", 1))
    place = graph.node("ArgMax", ids, axis=1, keepdims=0) if tower.pools_at_end else last
    return Batch(n=n, length=length, wanted=graph.node("Add", first, place))


def _embedded(graph: GraphBuilder, tower: TextTower, precision: Precision, ids: str, batch: Batch) -> str:
    """[n * length, width]. Half the bits of a token's row are enough where its products are quantised anyway."""
    table = tower.tokens if precision is Precision.FP32 else tower.tokens.astype(np.float16)
    rows = graph.node("Cast", graph.node("Gather", graph.tensor("tokens", table), ids), to=1)  # 1: float32
    positions = graph.tensor("positions", tower.positions[0 if tower.start is None else 1 :])
    rows = graph.node(
        "Add", rows, graph.node("Slice", positions, _ints(graph, "position.from", 0), batch.length, _ints(graph, "position.axis", 0))
    )
    return graph.node("Reshape", rows, graph.tensor("shape.rows", np.array([-1, tower.width], np.int64)))


def _ints(graph: GraphBuilder, name: str, *values: int) -> str:
    return graph.tensor(name, np.array(values, np.int64))
