"""open_clip's towers written as ONNX graphs that yield unit vectors."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from searchindex.catalogue import ModelCard, Truncation
from searchindex.encoders.openclip_model import text_features
from searchindex.encoders.openclip_packages import packages

# Protocol buffers end at 2 GiB; what is not weights is far below the difference.
LARGEST_GRAPH = 1_900_000_000
_OPSET = 20
_SMALL = 1024  # bytes; below are axes and sizes, which the runtime needs while it reads the graph


@dataclass(frozen=True, slots=True, kw_only=True)
class Tower:
    """A torch module over one input, with an example of it and the axes of it that vary, by position."""

    module: Any
    example: Any
    input: str
    varies: dict[int, Any]


def text_tower(card: ModelCard, model: Any) -> Tower:
    """Ids int64 [n, L] -> [n, dim]; L varies where the card cuts texts, and else is the context's length."""
    _, torch = packages()
    cut = card.text.truncation is Truncation.END_OF_TEXT

    class TextTower(torch.nn.Module):  # type: ignore[misc, name-defined] # torch is not installed where types are checked
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, ids: Any) -> Any:
            return torch.nn.functional.normalize(text_features(self.model, ids, cut=cut), dim=-1)

    length = 9 if cut else card.text.context_length  # no size of the model, lest the exporter take it for one
    varies = {0: torch.export.Dim("n")} | ({1: torch.export.Dim("length", max=card.text.context_length)} if cut else {})
    return Tower(module=TextTower().eval(), example=torch.ones(3, length, dtype=torch.int64), input="input_ids", varies=varies)


def image_tower(card: ModelCard, model: Any) -> Tower:
    """Pixels float32 [n, 3, size, size] -> [n, dim]."""
    _, torch = packages()

    class ImageTower(torch.nn.Module):  # type: ignore[misc, name-defined] # torch is not installed where types are checked
        def __init__(self) -> None:
            super().__init__()
            self.visual = model.visual

        def forward(self, pixels: Any) -> Any:
            return torch.nn.functional.normalize(self.visual(pixels), dim=-1)

    size = card.image.size
    return Tower(module=ImageTower().eval(), example=torch.zeros(3, 3, size, size), input="pixels", varies={0: torch.export.Dim("n")})


def write_graph(tower: Tower, path: Path, *, largest: int = LARGEST_GRAPH) -> Path | None:
    """Write the tower to `path`, in float32. Returns the safetensors file beside it where the weights exceed `largest` bytes.

    A query's process then reads half the memory: weights inside a graph are freed once the runtime has packed them, those
    that are given to it are not. So they stay inside wherever a graph can hold them.
    """
    program = trace(tower, optimize=True)
    initializers = program.model.graph.initializers
    if sum(value.const_value.nbytes for value in initializers.values()) <= largest:
        program.save(path, external_data=False)
        return None
    weights = path.with_suffix(".safetensors")
    large = {name for name, value in initializers.items() if value.const_value.nbytes >= _SMALL}
    _save_weights({name: initializers[name] for name in large}, weights)
    take_out(program.model, large, location=weights.name)
    program.save(path, external_data=False)
    return weights


def trace(tower: Tower, *, optimize: bool) -> Any:
    """The ONNXProgram of torch. Without `optimize` the weights keep torch's names and shapes."""
    _, torch = packages()
    with warnings.catch_warnings():  # of torch about itself; what it yields is compared with the tower afterwards
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            tower.module,
            (tower.example.to(next(tower.module.parameters()).device),),
            dynamo=True,
            optimize=optimize,
            opset_version=_OPSET,
            input_names=[tower.input],
            output_names=["vectors"],  # "embedding" is the name of an operator inside
            dynamic_shapes=(tower.varies,),
            verbose=False,
        )
    for node in program.model.graph:
        node.metadata_props.clear()  # where on this machine each line of the source lay
    return program


def take_out(model: Any, names: set[str], *, location: str) -> None:
    """Leave the data of these initializers to be given by name: `location` is a word for the reader, no file is read there."""
    from onnxscript import ir  # noqa: PLC0415 # comes with the extra

    for name in names:
        value = model.graph.initializers[name]
        held = value.const_value
        value.const_value = ir.ExternalTensor(location, None, None, held.dtype, shape=held.shape, name=name)


def _save_weights(initializers: Any, path: Path) -> None:
    from safetensors.numpy import save_file  # noqa: PLC0415 # only here

    # Folded transpositions are views, and safetensors writes what lies under a view, not what it shows.
    save_file({name: np.ascontiguousarray(value.const_value.numpy()) for name, value in initializers.items()}, path)
