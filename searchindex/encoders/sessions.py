"""ONNX graphs loaded for the CPU, with their weights inside or in a safetensors file beside them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from searchindex.encoders.cores import usable_cores
from searchindex.encoders.initializers import external_initializers, read_tensors
from searchindex.encoders.rows import unit_rows
from searchindex.errors import ModelUnavailable
from searchindex.models import ModelFile, PreparedModel
from searchindex.ports import Vectors
from searchindex.room import MORE_MEMORY, says_no_memory

HINT = "It is damaged, or made for another version: prepare the model again (searchindex export)."

Shape = list[int | str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """A loaded graph with one output [n, dim]. `weights` keeps alive what the session reads in place."""

    name: str
    dim: int
    session: ort.InferenceSession
    weights: tuple[ort.OrtValue, ...]

    @property
    def inputs(self) -> dict[str, ort.NodeArg]:
        return {node.name: node for node in self.session.get_inputs()}

    def run(self, feeds: dict[str, NDArray[np.generic]]) -> Vectors:
        """float32 [n, dim] of unit length; ModelUnavailable where the graph fails or yields what is no vector."""
        try:
            (rows,) = self.session.run(None, feeds)
        except Exception as error:  # the runtime's exceptions have no base of their own
            raise ModelUnavailable(f"{self.name} failed: {_first_line(error)}", hint=HINT) from error
        return unit_rows(np.asarray(rows, dtype=np.float32), dim=self.dim, name=self.name)


def open_graph(model: PreparedModel, graph: ModelFile, weights: ModelFile | None, *, threads: int | None) -> Graph:
    """ModelUnavailable where a file is missing, damaged, or yields something else than [n, dim] of the model's card."""
    path = model.path(graph)
    tensors = _tensors(path, model.path(weights)) if weights else {}
    options = _options(threads)
    values = tuple(ort.OrtValue.ortvalue_from_numpy(tensor) for tensor in tensors.values())
    if tensors:
        options.add_external_initializers(list(tensors), list(values))
    try:
        session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime's exceptions have no base of their own
        hint = MORE_MEMORY if says_no_memory(error) else HINT
        raise ModelUnavailable(f"{path.name} of {model.card.name} cannot be loaded: {_first_line(error)}", hint=hint) from error
    shapes: list[Shape] = [node.shape for node in session.get_outputs()]
    if len(shapes) != 1 or not fits(shapes[0], [None, model.card.dim]):
        raise ModelUnavailable(f"{path.name} yields {shapes}; the card of {model.card.name} says [n, {model.card.dim}].", hint=HINT)
    return Graph(name=path.name, dim=model.card.dim, session=session, weights=values)


def fits(shape: Shape, wanted: list[int | None]) -> bool:
    """Whether a declared shape allows the one wanted: names and None are any size."""
    pairs = zip(shape, wanted, strict=False)
    return len(shape) == len(wanted) and all(not isinstance(has, int) or want in (None, has) for has, want in pairs)


def _options(threads: int | None) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.log_severity_level = 3  # errors come as exceptions; warnings are about the graph, not for an operator
    # The number is always told, as far as it is known: the runtime's own choice binds threads to cores. One operator at a time: the
    # graphs are chains.
    options.intra_op_num_threads = threads or usable_cores() or 0
    # Threads spin while a graph runs, or each of its operators would wake them anew: a fifth of a query's time. Between queries they
    # would burn the cores that the vector store needs.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    # A processor without VNNI multiplies eight bits by adding pairs in sixteen, which saturate, unless both sides are unsigned. As fast,
    # for 250 MB more and some seconds at the start of ViT-H-14; where there is VNNI it changes nothing.
    options.add_session_config_entry("session.x64quantprecision", "1")
    # A plan is made per input shape; every length of text is another shape.
    options.enable_mem_pattern = False
    return options


def _tensors(graph: Path, weights: Path) -> dict[str, NDArray[np.generic]]:
    """What the graph leaves open, by name: the runtime refuses a name that it does not know, and weights may hold more."""
    names = external_initializers(graph)
    tensors = read_tensors(weights, names) if names else {}
    missing = sorted(set(names) - tensors.keys())
    if missing:
        raise ModelUnavailable(f"{weights.name} lacks {len(missing)} tensors of {graph.name}, such as {missing[0]}.", hint=HINT)
    return tensors


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]
