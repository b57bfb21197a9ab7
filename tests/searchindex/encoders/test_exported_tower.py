"""A tower read back from the files that the export leaves."""

import numpy as np
import pytest

from searchindex.encoders.exported_tower import Sizes, read_exported, sizes_of
from searchindex.encoders.start_rows import start_rows
from searchindex.encoders.text_graph import write_text_graph
from searchindex.encoders.towers import Activation
from searchindex.models import Precision
from tests.searchindex.encoders.models import tiny_model
from tests.searchindex.encoders.towers import random_tower, tiny_tower


@pytest.mark.parametrize("activation", Activation)
def test_what_was_written_is_read(tmp_path, activation):
    """Sizes, arithmetic and every number of the tower; small tensors lie in the graph, large ones beside it."""
    tower = random_tower(width=64, layers=2, heads=4, dim=24, activation=activation)
    found = read_exported(tmp_path / "text.onnx", write_text_graph(tower, Precision.INT8, tmp_path / "text.onnx"))
    assert found.sizes == Sizes(words=49408, places=76, layers=2, heads=4, width=64, hidden=256, dim=24)
    assert (found.activation, found.norm.epsilon) == (activation, pytest.approx(1e-5))
    assert np.array_equal(found.tokens, tower.tokens.astype(np.float16))
    assert np.array_equal(found.positions, tower.positions[1:])
    assert np.array_equal(found.projection.weight, tower.projection.weight)
    for block, other, (key, value) in zip(found.blocks(), tower.blocks, start_rows(tower, tower.start), strict=True):
        assert np.array_equal(block.norm_2.weight, other.norm_2.weight)
        assert np.array_equal([block.key, block.value], [key.ravel(), value.ravel()])
        for name in ("qkv", "out", "grow", "shrink"):
            layer, exact = getattr(block, name), getattr(other, name)
            assert np.array_equal(layer.bias, exact.bias)
            assert np.allclose((layer.weight * layer.scales).T, exact.weight, atol=layer.scales.max() / 2)


def test_other_graphs_are_told_apart(tmp_path):
    """In float32, of a tower that sees its padding, and of another maker: they are ONNX Runtime's."""
    for number, (tower, precision) in enumerate(
        (
            (tiny_tower(), Precision.FP32),
            (random_tower(width=32, layers=1, heads=2, dim=8, causal=False, start=None, pools_at_end=False), Precision.INT8),
        )
    ):
        path = tmp_path / f"{number}.onnx"
        write_text_graph(tower, precision, path)
        assert sizes_of(path) is None
    assert sizes_of(tiny_model(tmp_path).folder / "text.onnx") is None
    for content in (b"", b"<html>", (tmp_path / "1.onnx").read_bytes()[:500]):
        (tmp_path / "wrong.onnx").write_bytes(content)
        assert sizes_of(tmp_path / "wrong.onnx") is None
