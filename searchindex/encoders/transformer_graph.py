"""The blocks of a transformer as ONNX Runtime's fused operators, over rows [n * length, width]."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from searchindex.encoders.graph_building import FUSED, GraphBuilder
from searchindex.encoders.quantization import quantize_channels
from searchindex.encoders.towers import Activation, Block, Floats, Linear, Norm
from searchindex.models import Precision

ACTIVATIONS = {Activation.GELU: "Gelu", Activation.GELU_TANH: "FastGelu", Activation.QUICK_GELU: "QuickGelu"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Transformer:
    """`norm` comes behind the last block. `before`: key and value of rows that stand before all others, for each block."""

    blocks: Sequence[Block]
    norm: Norm
    heads: int
    activation: Activation
    causal: bool
    before: Sequence[tuple[Floats, Floats]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Names of int64 tensors in the graph: `n` [1], `length` [1], and `wanted`, the rows whose output is asked for."""

    n: str
    length: str
    wanted: str


def add_transformer(graph: GraphBuilder, tower: Transformer, precision: Precision, *, rows: str, batch: Batch) -> str:
    """float32 [n * length, width] to [wanted, width], normalised. In the last block only what is wanted is computed."""
    return _Adding(graph, tower, precision, batch).blocks(rows)


def add_linear(graph: GraphBuilder, name: str, layer: Linear, rows: str) -> str:
    """In float32, with the bias in the same operator."""
    weight, bias = graph.tensor(f"{name}.weight", layer.weight), graph.tensor(f"{name}.bias", layer.bias)
    return graph.node("Gemm", rows, weight, bias, transB=1)


class _Adding:
    def __init__(self, graph: GraphBuilder, tower: Transformer, precision: Precision, batch: Batch) -> None:
        self._graph, self._tower, self._precision, self._batch = graph, tower, precision, batch
        self._width = len(tower.norm.bias)
        self._flat = graph.tensor("shape.flat", np.array([-1, self._width], np.int64))
        self._packed = self._shape("packed", batch.n, batch.length, sizes=[3 * self._width])
        self._all = self._shape("before", batch.n, sizes=list(tower.before[0][0].shape[1:])) if tower.before else ""

    def blocks(self, rows: str) -> str:
        tower, last = self._tower, len(self._tower.blocks) - 1
        hidden = self._graph.node("LayerNormalization", rows, *self._norm("0.norm_1", tower.blocks[0].norm_1), epsilon=tower.norm.epsilon)
        for number, block in enumerate(tower.blocks):
            attended = self._attention(number, self._linear(f"{number}.qkv", block.qkv, hidden))
            if number == last:
                rows, attended = (self._graph.node("Gather", each, self._batch.wanted) for each in (rows, attended))
            added = self._linear(f"{number}.out", block.out, attended)
            hidden, rows = self._add_and_norm(f"{number}.norm_2", block.norm_2, rows, added)
            hidden = self._graph.node(ACTIVATIONS[tower.activation], self._linear(f"{number}.grow", block.grow, hidden), domain=FUSED)
            added = self._linear(f"{number}.shrink", block.shrink, hidden)
            norm = tower.norm if number == last else tower.blocks[number + 1].norm_1
            hidden, rows = self._add_and_norm("norm" if number == last else f"{number + 1}.norm_1", norm, rows, added)
        return hidden

    def _attention(self, number: int, packed: str) -> str:
        packed = self._graph.node("Reshape", packed, self._packed)
        parts = self._graph.nodes("Split", packed, outputs=["query", "key", "value"], axis=-1, num_outputs=3)
        kind: dict[str, Any] = {"num_heads": self._tower.heads, "unidirectional": int(self._tower.causal), "domain": FUSED}
        if not self._tower.before:
            return self._graph.node("Reshape", self._graph.node("MultiHeadAttention", *parts, **kind), self._flat)
        before = (
            self._before(f"{number}.before.{name}", rows) for name, rows in zip(("key", "value"), self._tower.before[number], strict=True)
        )
        # Bias and masks are absent. Where keys and values grow is asked for because the runtime ignores what stands before without it.
        inputs, outputs = (*parts, "", "", "", *before), ["attended", "keys", "values"]
        return self._graph.node("Reshape", self._graph.nodes("MultiHeadAttention", *inputs, outputs=outputs, **kind)[0], self._flat)

    def _before(self, name: str, rows: Floats) -> str:
        """The same for every text of the batch."""
        return self._graph.node("Expand", self._graph.tensor(name, rows), self._all)

    def _linear(self, name: str, layer: Linear, rows: str) -> str:
        if self._precision is Precision.FP32:
            return add_linear(self._graph, name, layer, rows)
        weight, scales = quantize_channels(layer.weight)
        tensors = [
            self._graph.tensor(f"{name}.{part}", value) for part, value in (("weight", weight), ("scales", scales), ("bias", layer.bias))
        ]
        return self._graph.node("DynamicQuantizeMatMul", rows, *tensors[:2], "", tensors[2], domain=FUSED)

    def _add_and_norm(self, name: str, layer: Norm, rows: str, added: str) -> tuple[str, str]:
        """The normalised sum and the sum itself."""
        outputs = ["normalized", "", "", "sum"]
        norm = self._norm(name, layer)
        normalized, _, _, total = self._graph.nodes(
            "SkipLayerNormalization", rows, added, *norm, outputs=outputs, domain=FUSED, epsilon=layer.epsilon
        )
        return normalized, total

    def _norm(self, name: str, layer: Norm) -> tuple[str, str]:
        return self._graph.tensor(f"{name}.weight", layer.weight), self._graph.tensor(f"{name}.bias", layer.bias)

    def _shape(self, name: str, *known: str, sizes: list[int]) -> str:
        return self._graph.node("Concat", *known, self._graph.tensor(f"shape.{name}", np.array(sizes, np.int64)), axis=0)
