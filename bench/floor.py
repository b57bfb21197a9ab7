"""What one machine could do at best: bytes read and products made in a second, and how long a tower's weights and products take at that."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper
from safetensors import safe_open

from bench.tower_shapes import THREADS, Shape
from searchindex.models import Precision, PreparedModel

READ_BYTES = 2**28
SIDE = 1024


@dataclass(frozen=True, slots=True)
class Machine:
    """Bytes a second from memory with all cores, and operations a second (a product and a sum are two) of large matrix products."""

    bytes: float
    fp32: float
    int8: float


def measure_machine() -> Machine:
    operations = 2.0 * SIDE * SIDE * 4 * SIDE
    return Machine(READ_BYTES * THREADS / _best(_read()), *(operations / _best(_multiply(kind)) for kind in (np.float32, np.int8)))


def floor_ms(model: PreparedModel, shape: Shape, precision: Precision, machine: Machine) -> float:
    """All weights read once, or all products made, whichever takes longer. Rows of the vocabulary are looked up, not read."""
    weights = _multiplied(model)
    size, speed = (1, machine.int8) if precision is Precision.INT8 else (4, machine.fp32)
    return 1000 * max(weights * size / machine.bytes, 2 * weights * shape.length * shape.batch / speed)


def _multiplied(model: PreparedModel) -> int:
    """How many weights of the tower each token is multiplied by."""
    if model.text.weights is None:
        raise ValueError("the weights lie in the graph")
    with safe_open(model.path(model.text.weights), framework="numpy") as file:
        shapes = {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118 # no mapping
    return sum(shape[0] * shape[1] for name, shape in shapes.items() if len(shape) == 2 and name[0].isdigit())  # noqa: PLR2004 # a matrix


def _best(work: Callable[[], None]) -> float:
    """Seconds of the fastest of several: what else runs only adds."""
    times = []
    for _ in range(5):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def _read() -> Callable[[], None]:
    """Every byte of two arrays far larger than any cache, by a thread each; numpy's maximum does nothing but read."""
    halves = [np.ones(READ_BYTES // 4, np.int32) for _ in range(THREADS)]

    def work() -> None:
        threads = [threading.Thread(target=half.max) for half in halves]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return work


def _multiply(kind: type[np.generic]) -> Callable[[], None]:
    options = ort.SessionOptions()
    options.intra_op_num_threads = THREADS
    session = ort.InferenceSession(_product(kind), options)
    rows = {"rows": np.ones((SIDE, SIDE), np.uint8 if kind is np.int8 else np.float32)}
    return lambda: session.run(None, rows) and None


def _product(kind: type[np.generic]) -> bytes:
    """A graph of one product [SIDE, SIDE] x [SIDE, 4 SIDE], in float32 or of unsigned with signed bytes."""
    integers = kind is np.int8
    weights = numpy_helper.from_array(np.ones((SIDE, 4 * SIDE), kind), "weights")
    rows = helper.make_tensor_value_info("rows", TensorProto.UINT8 if integers else TensorProto.FLOAT, [SIDE, SIDE])
    out = helper.make_tensor_value_info("out", TensorProto.INT32 if integers else TensorProto.FLOAT, [SIDE, 4 * SIDE])
    node = helper.make_node("MatMulInteger" if integers else "MatMul", ["rows", "weights"], ["out"])
    graph = helper.make_graph([node], "product", [rows], [out], [weights])
    content: bytes = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10).SerializeToString()
    return content
