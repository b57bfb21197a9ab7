"""Picture towers in eight bits: judged by what tells pictures apart, and of graphs that the product's encoder opens."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from bench.benchmarks.image_tower import FP32, INT8, figures, own_cosines, quantized
from bench.tower_vectors import cosines
from searchindex.encoders.golden import golden_pixels
from searchindex.encoders.onnx import open_image_encoder
from searchindex.models import ImageFiles, PreparedModel
from tests.golden import tiny
from tests.searchindex.encoders.models import file, tiny_model


def test_what_all_pictures_share_hides_no_error():
    """Vectors that are nearly one and the same have a cosine near one, whatever became of their differences."""
    common, own = np.array([10, 0, 0], np.float32), np.array([[0, 1, 0], [0, -1, 0]], np.float32)
    wrong = common - own
    assert min(cosines(wrong, common + own)) > 0.97
    assert own_cosines(wrong, common + own) == pytest.approx([-1, -1])


def small(folder: Path) -> PreparedModel:
    """Whose picture tower is a single product; its weights lie in the graph, as torch's exporter leaves those of ViT-B-32."""
    size, dim = tiny.CARD.image.size, tiny.CARD.dim
    weight = np.random.default_rng(1).standard_normal((3 * size * size, dim), dtype=np.float32)
    nodes = [helper.make_node("Flatten", ["pixels"], ["rows"]), helper.make_node("MatMul", ["rows", "weight"], ["vectors"])]
    shapes = {"pixels": ["n", 3, size, size], "vectors": ["n", dim]}
    ends = [[helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)] for name, shape in shapes.items()]
    graph = helper.make_graph(nodes, "tower", *ends, [numpy_helper.from_array(weight, "weight")])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), folder / "product.onnx")
    return replace(tiny_model(folder), image=ImageFiles(graph=file(folder, "product.onnx")))


def test_the_quantised_tower_is_another_one_of_the_same_pictures(tmp_path):
    """Opened as the product opens any picture tower; near to float32, and not equal to it."""
    model, pixels = small(tmp_path), golden_pixels(tiny.CARD.image.size)
    exact, eight_bits = (open_image_encoder(each).encode_images(pixels) for each in (model, quantized(model, tmp_path)))
    assert 0.98 < min(cosines(eight_bits, exact)) < 1 - 1e-7


def test_times_stand_beside_cosines():
    """A ratio above one is eight bits' gain; of cosines the least is told."""
    sample = {f"{batch} {name}": values for batch in (1, 8) for name, values in (("ms", [30.0]), ("cosine", [1, 0.9]), ("own", [1, 0.8]))}
    found = {each.what: each.value for each in figures([{FP32: sample | {"8 ms": [60.0]}, INT8: sample}] * 3)}
    assert found["in batches of 8: fp32 / int8"] == 2
    assert found["alone: int8, least cosine"] == 0.9
    assert found["alone: int8, least cosine of what pictures do not share"] == 0.8
