"""Weights in blocks: what the comparison's other graphs hold is the product's tower, as exactly as their bits allow."""

import numpy as np
import onnxruntime as ort
import pytest

from bench.blockwise import quantize_blocks, write_blockwise
from searchindex.encoders.text_graph import write_text_graph
from searchindex.models import Precision
from tests.searchindex.encoders.test_text_graph import queries
from tests.searchindex.encoders.towers import random_tower


def test_a_weight_is_at_most_half_a_step_away():
    """But for the value opposite to the furthest one, which has a step less: there it is at most a whole one."""
    weight = np.random.default_rng(0).standard_normal((3, 64), dtype=np.float32)
    steps, scales = quantize_blocks(weight, bits=8, block=32)
    back = (steps.astype(np.float32) - 128) * scales[..., None]
    away = np.abs(back - weight.reshape(3, 2, 32)) / np.abs(scales)[..., None]
    assert away.max() <= 1 + 1e-5
    assert np.quantile(away, 0.95) <= 0.5


def test_four_bits_lie_two_to_a_byte():
    """The first of two in the lower half, as the runtime reads them; a block of zeros stays one."""
    weight = np.array([[-8, 7, 0, 1, 0, 0, 0, 0]], np.float32)
    steps, scales = quantize_blocks(weight, bits=4, block=4)
    assert scales.tolist() == [[1, 1]]
    assert steps.tolist() == [[[0 | 15 << 4, 8 | 9 << 4], [8 | 8 << 4, 8 | 8 << 4]]]


@pytest.mark.parametrize(("bits", "least"), [(8, 0.999), (4, 0.9)])
def test_the_runtime_computes_the_same_tower(bits, least, tmp_path):
    """Weights, scales and biases are where the runtime looks for them, and each product is one of those."""
    tower = random_tower(width=64, layers=2, heads=4, dim=48)
    write_text_graph(tower, Precision.FP32, tmp_path / "exact.onnx")
    write_blockwise(tmp_path / "exact.onnx", tmp_path / "blocks.onnx", bits=bits, block=32)
    exact, blocks = (ort.InferenceSession(tmp_path / f"{name}.onnx") for name in ("exact", "blocks"))
    feeds = {"input_ids": queries(1, length=9)[0]}
    cosine = float((exact.run(None, feeds)[0] * blocks.run(None, feeds)[0]).sum())
    assert least <= cosine < 1 - 1e-7
