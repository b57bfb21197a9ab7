"""A text tower as `text_graph.py` has written it in eight bits, read back from its graph and the weights beside it."""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from searchindex.encoders.initializers import TENSOR_NAME, graph_of, initializers, places, read_tensors
from searchindex.encoders.protobuf import fields, messages
from searchindex.encoders.towers import Activation, Floats, Linear, Norm
from searchindex.encoders.transformer_graph import ACTIVATIONS

# Field numbers of onnx.proto.
_GRAPH_NODE = 1
_NODE_OPERATOR, _NODE_ATTRIBUTE, _ATTRIBUTE_NAME, _ATTRIBUTE_FLOAT = 4, 5, 1, 2
_TENSOR_DIMENSION, _TENSOR_TYPE, _TENSOR_BYTES = 1, 2, 9
_TYPES = {1: np.float32, 3: np.int8, 7: np.int64, 10: np.float16}

Tensor = Callable[[str], NDArray[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """`words` of the vocabulary; `places` that a token may have behind the first one."""

    words: int
    places: int
    layers: int
    heads: int
    width: int
    hidden: int
    dim: int


@dataclass(frozen=True, slots=True)
class QuantizedLinear:
    """`weight` int8 [in, out], `scales` and `bias` float32 [out]."""

    weight: NDArray[np.int8]
    scales: Floats
    bias: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantizedBlock:
    """As `towers.Block`. `key` and `value` [width]: what the first token of every text leaves."""

    norm_1: Norm
    qkv: QuantizedLinear
    out: QuantizedLinear
    norm_2: Norm
    grow: QuantizedLinear
    shrink: QuantizedLinear
    key: Floats
    value: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantizedTower:
    """A causal tower, read at the end of the text. `tokens` float16 [vocabulary, width], mapped from the file; `positions` without the
    first one. `blocks` reads one after the other, so that not all of them need be in memory.
    """

    tokens: NDArray[np.float16]
    positions: Floats
    sizes: Sizes
    blocks: Callable[[], Iterator[QuantizedBlock]]
    norm: Norm
    projection: Linear
    activation: Activation


def sizes_of(graph: Path) -> Sizes | None:
    """None where the graph is of another kind: in float32, not causal, made by someone else, or no graph."""
    try:
        return _sizes(graph_of(graph))
    except (IndexError, KeyError, ValueError):
        return None


def _sizes(body: memoryview) -> Sizes:
    shapes = {name: shape for name, shape, _ in _tensors(body)}
    (_, heads, _, head), (behind, _) = shapes["0.before.key"], shapes["positions"]
    (hidden,), (dim,) = shapes["0.grow.scales"], shapes["projection.bias"]
    layers = sum(name.endswith(".qkv.scales") for name in shapes)
    return Sizes(words=shapes["tokens"][0], places=behind, layers=layers, heads=heads, width=heads * head, hidden=hidden, dim=dim)


def read_exported(graph: Path, weights: Path) -> QuantizedTower:
    """The tower of a graph that has sizes. KeyError or ValueError where a file is not what the other expects,
    ModelUnavailable where the weights cannot be read.
    """
    body = graph_of(graph)
    sizes = _sizes(body)
    within = {name: values for name, _, values in _tensors(body)}

    def tensor(name: str) -> NDArray[Any]:
        found = within[name]
        return found if found is not None else read_tensors(weights, [name])[name]

    operators = {bytes(name).decode(): node for node in messages(body, _GRAPH_NODE) for name in messages(node, _NODE_OPERATOR)}
    epsilon = _float(operators["LayerNormalization"], b"epsilon")
    return QuantizedTower(
        sizes=sizes,
        tokens=_mapped(weights, "tokens"),
        positions=tensor("positions"),
        blocks=lambda: (_block(tensor, number, epsilon) for number in range(sizes.layers)),
        norm=_norm(tensor, "norm", epsilon),
        projection=Linear(tensor("projection.weight"), tensor("projection.bias")),
        activation=next(kind for kind, name in ACTIVATIONS.items() if name in operators),
    )


def _block(tensor: Tensor, number: int, epsilon: float) -> QuantizedBlock:
    def linear(name: str) -> QuantizedLinear:
        return QuantizedLinear(*(tensor(f"{number}.{name}.{part}") for part in ("weight", "scales", "bias")))

    return QuantizedBlock(
        norm_1=_norm(tensor, f"{number}.norm_1", epsilon),
        qkv=linear("qkv"),
        out=linear("out"),
        norm_2=_norm(tensor, f"{number}.norm_2", epsilon),
        grow=linear("grow"),
        shrink=linear("shrink"),
        key=tensor(f"{number}.before.key").ravel(),
        value=tensor(f"{number}.before.value").ravel(),
    )


def _norm(tensor: Tensor, name: str, epsilon: float) -> Norm:
    return Norm(tensor(f"{name}.weight"), tensor(f"{name}.bias"), epsilon)


def _tensors(body: memoryview) -> Iterator[tuple[str, tuple[int, ...], NDArray[Any] | None]]:
    """Name and shape of each initializer, and its values where the graph itself holds them."""
    for message in initializers(body):
        name, content = (next(messages(message, number), None) for number in (TENSOR_NAME, _TENSOR_BYTES))
        shape = tuple(int(value) for number, value in fields(message) if number == _TENSOR_DIMENSION and isinstance(value, int))
        kind = next((_TYPES.get(value) for number, value in fields(message) if number == _TENSOR_TYPE and isinstance(value, int)), None)
        values = np.frombuffer(content, kind).reshape(shape) if content is not None and kind is not None else None
        yield bytes(name or b"").decode(), shape, values


def _float(node: memoryview, name: bytes) -> float:
    attribute = next(each for each in messages(node, _NODE_ATTRIBUTE) if next(messages(each, _ATTRIBUTE_NAME), b"") == name)
    return float(struct.unpack("<f", next(messages(attribute, _ATTRIBUTE_FLOAT)))[0])


def _mapped(weights: Path, name: str) -> NDArray[Any]:
    """float16, read as it is needed."""
    offset, _, shape = places(weights)[name]
    return np.memmap(weights, np.float16, "r", offset, shape)
