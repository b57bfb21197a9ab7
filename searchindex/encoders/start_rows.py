"""What the first token of every text leaves in a causal tower: computed once, in full precision, because nothing stands before it.

It is also the token whose activations are the largest by far in trained towers; kept out of what is quantised at run time, it
cannot take the range from the words of a query.
"""

import math
from collections.abc import Callable, Iterator

import numpy as np

from searchindex.encoders.towers import Activation, Floats, Linear, Norm, TextTower

_erf: Callable[[Floats], Floats] = np.vectorize(math.erf, otypes=[np.float32])


def start_rows(tower: TextTower, start: int) -> Iterator[tuple[Floats, Floats]]:
    """Key and value of the token `start` at the first position, for each block: float32 [1, heads, 1, width / heads] each."""
    row = tower.tokens[start] + tower.positions[0]
    shape = (1, tower.heads, 1, tower.width // tower.heads)
    for block in tower.blocks:
        _, key, value = np.split(_linear(_norm(row, block.norm_1), block.qkv), 3)
        yield key.reshape(shape), value.reshape(shape)
        row = row + _linear(value, block.out)  # attention of one token to itself
        row = row + _linear(_activate(_linear(_norm(row, block.norm_2), block.grow), tower.activation), block.shrink)


def _linear(row: Floats, layer: Linear) -> Floats:
    return np.asarray(layer.weight @ row + layer.bias, np.float32)


def _norm(row: Floats, layer: Norm) -> Floats:
    return np.asarray((row - row.mean()) / np.sqrt(row.var() + layer.epsilon) * layer.weight + layer.bias, np.float32)


def _activate(row: Floats, activation: Activation) -> Floats:
    """The three functions as their papers give them."""
    if activation is Activation.QUICK_GELU:
        return np.asarray(row / (1 + np.exp(-1.702 * row)), np.float32)
    if activation is Activation.GELU_TANH:
        return np.asarray(row / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (row + 0.044715 * row**3))), np.float32)
    return np.asarray(row / 2 * (1 + _erf(row / np.float32(math.sqrt(2)))), np.float32)
