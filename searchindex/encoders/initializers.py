"""Which tensors an ONNX graph leaves to be given to it, read from the file: the runtime tells only after it has them all."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from searchindex.encoders.protobuf import fields, messages
from searchindex.errors import ModelUnavailable
from searchindex.room import MORE_MEMORY

# Field numbers of onnx.proto.
_MODEL_GRAPH = 7
_GRAPH_INITIALIZER = 5
TENSOR_NAME = 8
_TENSOR_DATA_PLACE = 13
_TENSOR_DATA_LOCATION = 14
_ENTRY_KEY = 1
_EXTERNAL = 1


def external_initializers(graph: Path) -> list[str]:
    """The names of the initializers whose data lie outside `graph` at no place that it tells. ModelUnavailable where it is no ONNX file.

    Those that it gives an offset in a file for, the runtime finds by itself.
    """
    try:
        return [name for tensor in initializers(graph_of(graph)) if (name := _external_name(tensor))]
    except (IndexError, KeyError, ValueError):
        raise ModelUnavailable(f"{graph.name} is not an ONNX graph.", hint="It is damaged: prepare the model again.") from None


def graph_of(path: Path) -> memoryview:
    """The graph within an ONNX file. IndexError, KeyError or ValueError where it is none."""
    return next(messages(memoryview(path.read_bytes()), _MODEL_GRAPH), memoryview(b""))


def initializers(graph: memoryview) -> Iterator[memoryview]:
    """The tensors of a graph, as messages."""
    return messages(graph, _GRAPH_INITIALIZER)


def read_tensors(weights: Path, names: Iterable[str]) -> dict[str, NDArray[np.generic]]:
    """Those of `names` that a safetensors file holds. ModelUnavailable where it is none."""
    try:
        with safe_open(weights, framework="numpy") as file:
            held = set(file.keys())
            return {name: np.ascontiguousarray(file.get_tensor(name)) for name in names if name in held}
    except MemoryError as error:
        raise ModelUnavailable(f"There is no memory for {weights.name}.", hint=MORE_MEMORY) from error
    except (SafetensorError, TypeError) as error:  # TypeError: a type that numpy has not, such as bfloat16
        raise ModelUnavailable(f"{weights.name} cannot be read: {error}.", hint="It is damaged: fetch the weights again.") from error


def places(weights: Path) -> dict[str, tuple[int, int, tuple[int, ...]]]:
    """Where in a safetensors file each tensor begins, how many bytes it has, and its shape."""
    with weights.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")  # the format's head: its length, then JSON, then the bytes of all tensors
        head = json.loads(file.read(size))
    found = {name: (*entry["data_offsets"], tuple(entry["shape"])) for name, entry in head.items() if name != "__metadata__"}
    return {name: (8 + size + begin, end - begin, shape) for name, (begin, end, shape) in found.items()}


def _external_name(tensor: memoryview) -> str | None:
    found = {number: value for number, value in fields(tensor) if number in (TENSOR_NAME, _TENSOR_DATA_LOCATION)}
    name = found.get(TENSOR_NAME)
    told = {bytes(key) for entry in messages(tensor, _TENSOR_DATA_PLACE) for key in messages(entry, _ENTRY_KEY)}
    if found.get(_TENSOR_DATA_LOCATION) != _EXTERNAL or not isinstance(name, memoryview) or b"offset" in told:
        return None
    return bytes(name).decode("utf-8")
