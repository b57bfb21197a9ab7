"""Which tensors an ONNX graph leaves to be given to it, read from the file: the runtime tells only after it has them all."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from searchindex.errors import ModelUnavailable
from searchindex.room import MORE_MEMORY

# Field numbers of onnx.proto.
_MODEL_GRAPH = 7
_GRAPH_INITIALIZER = 5
_TENSOR_NAME = 8
_TENSOR_DATA_PLACE = 13
_TENSOR_DATA_LOCATION = 14
_ENTRY_KEY = 1
_EXTERNAL = 1


def external_initializers(graph: Path) -> list[str]:
    """The names of the initializers whose data lie outside `graph` at no place that it tells. ModelUnavailable where it is no ONNX file.

    Those that it gives an offset in a file for, the runtime finds by itself.
    """
    try:
        content = memoryview(graph.read_bytes())
        tensors = (tensor for body in _messages(content, _MODEL_GRAPH) for tensor in _messages(body, _GRAPH_INITIALIZER))
        return [name for tensor in tensors if (name := _external_name(tensor))]
    except (IndexError, KeyError, ValueError):
        raise ModelUnavailable(f"{graph.name} is not an ONNX graph.", hint="It is damaged: prepare the model again.") from None


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


def _external_name(tensor: memoryview) -> str | None:
    fields = {number: value for number, value in _fields(tensor) if number in (_TENSOR_NAME, _TENSOR_DATA_LOCATION)}
    name = fields.get(_TENSOR_NAME)
    told = {bytes(key) for entry in _messages(tensor, _TENSOR_DATA_PLACE) for key in _messages(entry, _ENTRY_KEY)}
    if fields.get(_TENSOR_DATA_LOCATION) != _EXTERNAL or not isinstance(name, memoryview) or b"offset" in told:
        return None
    return bytes(name).decode("utf-8")


def _messages(message: memoryview, number: int) -> Iterator[memoryview]:
    return (value for found, value in _fields(message) if found == number and isinstance(value, memoryview))


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Field numbers and values of one protobuf message. IndexError, KeyError or ValueError where it is none."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield key >> 3, value
            continue
        size, at = _varint(message, at) if kind == 2 else (_FIXED[kind], at)  # noqa: PLR2004 # 2: counted bytes
        if at + size > len(message):
            raise ValueError("ends too early")
        yield key >> 3, message[at : at + size]
        at += size


_FIXED = {1: 8, 5: 4}


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 # the last one
            return value, at
        shift += 7
