"""Text towers made for a test, and what they compute, written down plainly in numpy."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from searchindex.encoders.clip_vocabulary import START_OF_TEXT
from searchindex.encoders.kernels.library import has_kernels
from searchindex.encoders.towers import Activation, Block, Linear, Norm, TextTower
from tests.golden import tiny

GOLDEN = Path(__file__).parents[2] / "golden"
VOCABULARY = 49408


def need_kernels() -> None:
    """Skips a test of compiled towers where they cannot be."""
    if not has_kernels():
        pytest.skip("the kernels need llvmlite, and x86-64 with AVX2, FMA and F16C")


def tiny_tower() -> TextTower:
    """The golden files' CLIP, whose vectors are open_clip's."""
    shapes = json.loads((GOLDEN / "shapes.json").read_text())["text"]
    parts = {name: tiny.tensor(name.removeprefix("model."), tuple(shape)) for name, shape in shapes.items()}
    named = {name.removeprefix("model."): value for name, value in parts.items()}
    layers = tiny.CONFIG["text_cfg"]["layers"]
    return TextTower(
        tokens=named["token_embedding.weight"],
        positions=named["positional_embedding"],
        blocks=[_golden_block(named, f"transformer.resblocks.{number}.") for number in range(layers)],
        norm=Norm(named["ln_final.weight"], named["ln_final.bias"], 1e-5),
        projection=Linear(named["text_projection"].T, np.zeros(32, np.float32)),
        heads=tiny.CONFIG["text_cfg"]["heads"],
        activation=Activation.GELU,
        causal=True,
        pools_at_end=True,
        start=START_OF_TEXT,
    )


def _golden_block(named: dict[str, Any], at: str) -> Block:
    def pair(name: str) -> tuple[Any, Any]:
        joint = "_" if name == "attn.in_proj" else "."
        return named[f"{at}{name}{joint}weight"], named[f"{at}{name}{joint}bias"]

    return Block(
        norm_1=Norm(*pair("ln_1"), 1e-5),
        qkv=Linear(*pair("attn.in_proj")),
        out=Linear(*pair("attn.out_proj")),
        norm_2=Norm(*pair("ln_2"), 1e-5),
        grow=Linear(*pair("mlp.c_fc")),
        shrink=Linear(*pair("mlp.c_proj")),
    )


def random_tower(*, width: int, layers: int, heads: int, dim: int, vocabulary: int = VOCABULARY, seed: int = 0, **kind: Any) -> TextTower:
    """Weights drawn as open_clip draws them before training. `kind`: what differs from CLIP's."""
    chance = np.random.default_rng(seed)

    def normal(spread: float, *shape: int) -> np.ndarray:
        return chance.standard_normal(shape, dtype=np.float32) * np.float32(spread)

    def linear(spread: float, size: int, inner: int) -> Linear:
        return Linear(normal(spread, size, inner), normal(0.01, size))

    def norm() -> Norm:
        return Norm(1 + normal(0.1, width), normal(0.1, width), 1e-5)

    deep, grow = width**-0.5 * (2 * layers) ** -0.5, (2 * width) ** -0.5
    blocks = [
        Block(
            norm_1=norm(),
            qkv=linear(width**-0.5, 3 * width, width),
            out=linear(deep, width, width),
            norm_2=norm(),
            grow=linear(grow, 4 * width, width),
            shrink=linear(deep, width, 4 * width),
        )
        for _ in range(layers)
    ]
    facts = {"activation": Activation.GELU, "causal": True, "pools_at_end": True, "start": START_OF_TEXT} | kind
    return TextTower(
        tokens=normal(0.02, vocabulary, width),
        positions=normal(0.01, 77, width),
        blocks=blocks,
        norm=norm(),
        projection=linear(width**-0.5, dim, width),
        heads=heads,
        **facts,
    )


def vectors_of(tower: TextTower, ids: np.ndarray) -> np.ndarray:
    """Unit vectors [n, dim] of ids [n, length], in float64 and without any shortcut."""
    return np.stack([_vector(tower, row) for row in ids])


def _vector(tower: TextTower, ids: np.ndarray) -> np.ndarray:
    rows = tower.tokens[ids].astype(np.float64) + tower.positions[: len(ids)]
    for block in tower.blocks:
        rows = rows + _apply(block.out, _attention(tower, _apply(block.qkv, _normalized(block.norm_1, rows))))
        rows = rows + _apply(block.shrink, _activated(tower.activation, _apply(block.grow, _normalized(block.norm_2, rows))))
    row = _apply(tower.projection, _normalized(tower.norm, rows)[ids.argmax() if tower.pools_at_end else -1])
    return row / np.linalg.norm(row)


def _apply(layer: Linear, rows: np.ndarray) -> np.ndarray:
    return rows @ layer.weight.T.astype(np.float64) + layer.bias


def _normalized(layer: Norm, rows: np.ndarray) -> np.ndarray:
    centred = rows - rows.mean(axis=-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + layer.epsilon) * layer.weight + layer.bias


def _attention(tower: TextTower, packed: np.ndarray) -> np.ndarray:
    length = len(packed)
    query, key, value = packed.reshape(length, 3, tower.heads, -1).transpose(1, 2, 0, 3)
    scores = query @ key.transpose(0, 2, 1) / math.sqrt(query.shape[-1])
    if tower.causal:
        scores = np.where(np.tri(length, dtype=bool), scores, -np.inf)
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return (shares / shares.sum(axis=-1, keepdims=True) @ value).transpose(1, 0, 2).reshape(length, -1)


def _activated(activation: Activation, rows: np.ndarray) -> np.ndarray:
    if activation is Activation.QUICK_GELU:
        return rows / (1 + np.exp(-1.702 * rows))
    if activation is Activation.GELU_TANH:
        return rows / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (rows + 0.044715 * rows**3)))
    return rows / 2 * (1 + np.vectorize(math.erf)(rows / math.sqrt(2)))
