"""The text tower as an ONNX graph without the encoder's weights: these stay in its safetensors file, under their names there.

Written node by node, so that every initializer is exactly one tensor of that file. Only the linear layer behind the encoder lies in
the graph, in half precision.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from safetensors import safe_open

OPSET = 20
WEIGHTS = "model.safetensors"
PROJECTION = "text.proj.weight"
NP_TYPES = {"F32": TensorProto.FLOAT, "I64": TensorProto.INT64}


class TextGraph:
    """Collects the nodes; every method returns the name of its output."""

    def __init__(self, folder: Path) -> None:
        self.config: dict[str, Any] = json.loads((folder / "config.json").read_text())
        self.file = safe_open(folder / WEIGHTS, framework="np")
        self.nodes: list[onnx.NodeProto] = []
        self.inline: dict[str, onnx.TensorProto] = {}
        self.external: dict[str, onnx.TensorProto] = {}

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add a node."""
        output = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def constant(self, value: Any, kind: type = np.int64) -> str:
        """A small number or list, stored in the graph."""
        array = np.array(value, kind)
        name = f"constant_{array.dtype}_{'_'.join(map(str, array.ravel())) or 'scalar'}_{array.ndim}"
        self.inline[name] = numpy_helper.from_array(array, name)
        return name

    def weight(self, name: str) -> str:
        """A tensor of the safetensors file, named as it is there."""
        part = self.file.get_slice(name)
        tensor = TensorProto(name=name, data_type=NP_TYPES[part.get_dtype()], dims=part.get_shape())
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value=WEIGHTS)
        self.external[name] = tensor
        return name

    def linear(self, x: str, name: str) -> str:
        """The file keeps matrices as [out, in]."""
        matrix = self.op("Transpose", self.weight(f"{name}.weight"), perm=[1, 0])
        return self.op("Add", self.op("MatMul", x, matrix), self.weight(f"{name}.bias"))

    def norm(self, x: str, name: str) -> str:
        """Layer normalisation over the last axis."""
        scale, shift = self.weight(f"{name}.weight"), self.weight(f"{name}.bias")
        return self.op("LayerNormalization", x, scale, shift, axis=-1, epsilon=self.config["layer_norm_eps"])

    def embeddings(self, ids: str) -> str:
        """Words, places and the first token type, normalised."""
        words = self.op("Gather", self.weight("embeddings.word_embeddings.weight"), ids)
        length = self.op("Shape", ids, start=1, end=2)
        places = self.op("Slice", self.weight("embeddings.position_embeddings.weight"), self.constant([0]), length, self.constant([0]))
        kind = self.op("Gather", self.weight("embeddings.token_type_embeddings.weight"), self.constant(0))
        return self.norm(self.op("Add", self.op("Add", words, places), kind), "embeddings.LayerNorm")

    def attention(self, x: str, penalty: str, layer: str) -> str:
        """Multi-head self-attention over the tokens that the mask keeps."""
        heads = self.config["num_attention_heads"]
        width = self.config["hidden_size"] // heads
        shape, joined = self.constant([0, 0, heads, width]), self.constant([0, 0, heads * width])
        split = {part: self.op("Reshape", self.linear(x, f"{layer}.self.{part}"), shape) for part in ("query", "key", "value")}
        query = self.op("Transpose", split["query"], perm=[0, 2, 1, 3])
        key = self.op("Transpose", split["key"], perm=[0, 2, 3, 1])
        value = self.op("Transpose", split["value"], perm=[0, 2, 1, 3])
        scores = self.op("Mul", self.op("MatMul", query, key), self.constant(width**-0.5, np.float32))
        shares = self.op("Softmax", self.op("Add", scores, penalty), axis=-1)
        mixed = self.op("Transpose", self.op("MatMul", shares, value), perm=[0, 2, 1, 3])
        made = self.linear(self.op("Reshape", mixed, joined), f"{layer}.output.dense")
        return self.norm(self.op("Add", made, x), f"{layer}.output.LayerNorm")

    def block(self, x: str, penalty: str, layer: str) -> str:
        """One layer: attention, then two dense layers."""
        seen = self.attention(x, penalty, f"{layer}.attention")
        wide = self.op("Gelu", self.linear(seen, f"{layer}.intermediate.dense"))
        return self.norm(self.op("Add", self.linear(wide, f"{layer}.output.dense"), seen), f"{layer}.output.LayerNorm")

    def pooled(self, x: str, mask: str, projection: NDArray[np.float16]) -> None:
        """Mean over the kept tokens through the linear layer, at unit length."""
        weights = self.op("Unsqueeze", mask, self.constant([2]))
        total = self.op("ReduceSum", self.op("Mul", x, weights), self.constant([1]), keepdims=0)
        mean = self.op("Div", total, self.op("ReduceSum", mask, self.constant([1]), keepdims=1))
        self.inline[PROJECTION] = numpy_helper.from_array(projection, PROJECTION)
        matrix = self.op("Transpose", self.op("Cast", PROJECTION, to=TensorProto.FLOAT), perm=[1, 0])
        turned = self.op("MatMul", mean, matrix)
        self.nodes.append(helper.make_node("LpNormalization", [turned], ["embedding"], name="embedding", axis=-1, p=2))

    def build(self, projection: NDArray[np.float16]) -> onnx.ModelProto:
        """The whole model: token numbers and mask to unit embeddings. `projection`: [dim, width of the encoder]."""
        mask = self.op("Cast", "attention_mask", to=TensorProto.FLOAT)
        gone = self.op("Mul", self.op("Sub", self.constant(1.0, np.float32), mask), self.constant(-10000.0, np.float32))
        penalty = self.op("Unsqueeze", gone, self.constant([1, 2]))
        x = self.embeddings("input_ids")
        for layer in range(self.config["num_hidden_layers"]):
            x = self.block(x, penalty, f"encoder.layer.{layer}")
        self.pooled(x, mask, projection)
        inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["N", "L"]) for name in ("input_ids", "attention_mask")]
        output = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["N", len(projection)])
        graph = helper.make_graph(self.nodes, "text", inputs, [output], [*self.inline.values(), *self.external.values()])
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
