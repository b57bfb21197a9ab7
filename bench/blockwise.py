"""The product's float32 graph with ONNX Runtime's MatMulNBits for its products: weights in blocks, a scale for each."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from searchindex.encoders.graph_building import FUSED

IN_EIGHT_BITS = 4  # `accuracy_level`: activations, too, with a scale for each block


def write_blockwise(graph: Path, out: Path, *, bits: int, block: int) -> None:
    """Write to `out` the graph whose weights are stored in `bits` (4 or 8), `block` of them to a scale; its data lies beside it."""
    model = onnx.load(graph)
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    nodes = [_replaced(node, weights, bits, block) if _is_of_a_block(node) else node for node in model.graph.node]
    del model.graph.node[:], model.graph.initializer[:]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(weights.values())
    onnx.save(model, out, save_as_external_data=True, location=f"{out.name}.data")


def _is_of_a_block(node: onnx.NodeProto) -> bool:
    """The product quantises no more either: the projection behind the blocks stays in float32."""
    return node.op_type == "Gemm" and node.input[1][0].isdigit()


def _replaced(node: onnx.NodeProto, weights: dict[str, onnx.TensorProto], bits: int, block: int) -> onnx.NodeProto:
    """A product and its bias; the weight in `weights` is replaced, too."""
    rows, name, bias = node.input
    weight = numpy_helper.to_array(weights.pop(name))
    steps, scales = quantize_blocks(weight, bits=bits, block=block)
    parts: dict[str, NDArray[Any]] = {f"{name}.steps": steps, f"{name}.scales": scales}
    weights |= {part: numpy_helper.from_array(value, part) for part, value in parts.items()}
    facts = {"N": len(weight), "K": weight.shape[1], "bits": bits, "block_size": block, "accuracy_level": IN_EIGHT_BITS}
    return helper.make_node("MatMulNBits", [rows, *parts, "", "", bias], list(node.output), domain=FUSED, **facts)


def quantize_blocks(weight: NDArray[np.float32], *, bits: int, block: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """From [out, in] to steps [out, in / block, bytes] around the middle of their range, and scales [out, in / block].

    The value furthest from zero is the lowest step, of which there is one more than above.
    """
    parts, middle = weight.reshape(len(weight), -1, block), 2 ** (bits - 1)
    furthest = np.take_along_axis(parts, np.abs(parts).argmax(axis=-1, keepdims=True), axis=-1)
    scales = furthest / -middle
    scales[scales == 0] = 1  # a block of zeros
    steps = np.clip(np.rint(parts / scales) + middle, 0, 2 * middle - 1).astype(np.uint8)
    packed = steps if bits == 8 else steps[..., 0::2] | (steps[..., 1::2] << 4)  # noqa: PLR2004 # two to a byte, the lower half first
    return packed, scales[..., 0].astype(np.float32)
