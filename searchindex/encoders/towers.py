"""Transformer towers as plain numbers: what a graph is built from, whoever trained it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class Activation(StrEnum):
    """Between the two layers of a block's perceptron: exact GELU, its tanh approximation, or x * sigmoid(1.702 x)."""

    GELU = "gelu"
    GELU_TANH = "gelu-tanh"
    QUICK_GELU = "quick-gelu"


@dataclass(frozen=True, slots=True)
class Linear:
    """`weight` [out, in], `bias` [out]."""

    weight: Floats
    bias: Floats


@dataclass(frozen=True, slots=True)
class Norm:
    """Layer normalisation over the last axis: `weight` and `bias` [width]."""

    weight: Floats
    bias: Floats
    epsilon: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Pre-norm: x + out(attention(qkv(norm_1(x)))), then x + shrink(activation(grow(norm_2(x)))). `qkv` [3 width, width]."""

    norm_1: Norm
    qkv: Linear
    out: Linear
    norm_2: Norm
    grow: Linear
    shrink: Linear


@dataclass(frozen=True, slots=True, kw_only=True)
class TextTower:
    """`tokens` [vocabulary, width], `positions` [context, width], `projection` [dim, width].

    `causal`: each token sees only what stands before it. `pools_at_end`: the vector is read where the id is highest, else from
    the last row. `start`: the id that every text begins with, where the tower is causal: its rows are the same in each text.
    """

    tokens: Floats
    positions: Floats
    blocks: Sequence[Block]
    norm: Norm
    projection: Linear
    heads: int
    activation: Activation
    causal: bool
    pools_at_end: bool
    start: int | None

    @property
    def width(self) -> int:
        return len(self.norm.bias)

    @property
    def dim(self) -> int:
        return len(self.projection.bias)
