"""ONNX graphs put together node by node, their weights in a safetensors file beside them that the runtime maps into memory."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from searchindex.encoders.initializers import places
from searchindex.errors import ModelUnavailable

OPSET = 20
FUSED = "com.microsoft"  # the domain of ONNX Runtime's fused operators
_IR_VERSION = 10
_SMALL = 1024  # bytes; below are axes and sizes, which the runtime needs while it reads the graph


class GraphBuilder:
    """Collects nodes and tensors. Every method returns the name of what it added, for use as an input."""

    def __init__(self) -> None:
        self._onnx = _package()
        self._nodes: list[Any] = []
        self._inputs: list[Any] = []
        self.tensors: dict[str, NDArray[Any]] = {}

    def input(self, name: str, dtype: type[np.generic], shape: list[int | str]) -> str:
        self._inputs.append(self._info(name, dtype, shape))
        return name

    def tensor(self, name: str, value: NDArray[Any]) -> str:
        """A constant; `name` must be new."""
        if name in self.tensors:
            raise ValueError(f"there are two tensors {name}")
        self.tensors[name] = value
        return name

    def node(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """A node with one output; an empty input is one left out."""
        return self.nodes(operator, *inputs, outputs=["it"], domain=domain, **attributes)[0]

    def nodes(self, operator: str, *inputs: str, outputs: list[str], domain: str = "", **attributes: Any) -> list[str]:
        """A node with several outputs; one that is not wanted is named "" and stays so."""
        names = [f"{operator}.{len(self._nodes)}.{output}" if output else "" for output in outputs]
        self._nodes.append(self._onnx.helper.make_node(operator, list(inputs), names, domain=domain, **attributes))
        return names

    def write(self, path: Path, output: str, shape: list[int | str]) -> Path:
        """Write the graph that yields `output` as `vectors`, and its large tensors beside it. Returns the latter's path."""
        weights = path.with_suffix(".safetensors")
        large = {name: value for name, value in self.tensors.items() if value.nbytes >= _SMALL}
        saved = _save(large, weights)
        self._nodes.append(self._onnx.helper.make_node("Identity", [output], ["vectors"]))
        tensors = [
            self._outside(name, large[name], weights.name, *saved[name]) if name in large else self._inside(name) for name in self.tensors
        ]
        graph = self._onnx.helper.make_graph(self._nodes, "tower", self._inputs, [self._info("vectors", np.float32, shape)], tensors)
        opsets = [self._onnx.helper.make_opsetid("", OPSET), self._onnx.helper.make_opsetid(FUSED, 1)]
        path.write_bytes(self._onnx.helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION).SerializeToString())
        return weights

    def _inside(self, name: str) -> Any:
        return self._onnx.numpy_helper.from_array(np.ascontiguousarray(self.tensors[name]), name)

    def _outside(self, name: str, value: NDArray[Any], file: str, offset: int, length: int) -> Any:
        """Where the runtime finds the tensor's bytes: no copy of them is made, and pages that nobody reads are never loaded."""
        kind = self._onnx.helper.np_dtype_to_tensor_dtype(value.dtype)
        tensor = self._onnx.TensorProto(name=name, data_type=kind, dims=value.shape, data_location=self._onnx.TensorProto.EXTERNAL)
        for key, word in (("location", file), ("offset", str(offset)), ("length", str(length))):
            tensor.external_data.add(key=key, value=word)
        return tensor

    def _info(self, name: str, dtype: type[np.generic], shape: list[int | str]) -> Any:
        kind = self._onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        return self._onnx.helper.make_tensor_value_info(name, kind, shape)


def _save(tensors: dict[str, NDArray[Any]], path: Path) -> dict[str, tuple[int, int]]:
    """Write a safetensors file; returns offset and length in bytes of each tensor in it."""
    from safetensors.numpy import save_file  # noqa: PLC0415 # only here

    save_file({name: np.ascontiguousarray(value) for name, value in tensors.items()}, path)
    path.chmod(0o644)  # the library lets only the owner read; pods that share a folder may be others
    return {name: (offset, length) for name, (offset, length, _) in places(path).items()}


def _package() -> Any:
    try:
        import onnx  # noqa: PLC0415 # comes with the extra, for export only
    except ImportError as error:
        raise ModelUnavailable("This needs onnx, which is not installed.", hint="Run: pip install 'searchindex[gpu]'") from error
    return onnx
