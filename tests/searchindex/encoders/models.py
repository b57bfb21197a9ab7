"""Prepared models made for a test: the golden graphs with weights from their names, and what can be wrong with them."""

import json
from dataclasses import replace
from pathlib import Path

from safetensors.numpy import save_file

from searchindex.catalogue import ModelCard
from searchindex.encoders.clip_vocabulary import clip_tokenizer, installed_merges
from searchindex.encoders.golden import TEXTS, write_golden
from searchindex.encoders.onnx import open_text_encoder
from searchindex.encoders.text_graph import write_text_graph
from searchindex.encoders.towers import TextTower
from searchindex.models import ImageFiles, ModelFile, Precision, PreparedModel, TextFiles, sha256_of
from tests.golden import tiny

GOLDEN = Path(__file__).parents[2] / "golden"


def tiny_model(folder: Path) -> PreparedModel:
    """The tiny CLIP in `folder`, its weights beside weightless graphs."""
    clip_tokenizer(installed_merges()).save(str(folder / "tokenizer.json"))
    for tower, shapes in json.loads((GOLDEN / "shapes.json").read_text()).items():
        (folder / f"{tower}.onnx").write_bytes((GOLDEN / f"{tower}.onnx").read_bytes())
        tensors = {name: tiny.tensor(name.removeprefix("model."), tuple(shape)) for name, shape in shapes.items()}
        save_file(tensors, folder / f"{tower}.safetensors")
    return described(folder)


def described(folder: Path) -> PreparedModel:
    """The model that the files in `folder` are now."""
    text = TextFiles(graph=file(folder, "text.onnx"), tokenizer=file(folder, "tokenizer.json"), weights=file(folder, "text.safetensors"))
    image = ImageFiles(graph=file(folder, "image.onnx"), weights=file(folder, "image.safetensors"))
    return PreparedModel(folder=folder, card=tiny.CARD, source_sha256="0" * 64, text=text, image=image)


def file(folder: Path, name: str) -> ModelFile:
    return ModelFile(path=name, sha256=sha256_of(folder / name))


def prepared_text(folder: Path, tower: TextTower, precision: Precision) -> PreparedModel:
    """A tower as `searchindex export --text-only` leaves it; its golden vectors are those of float32."""
    clip_tokenizer(installed_merges()).save(str(folder / "tokenizer.json"))
    card = replace(tiny.CARD, dim=tower.dim)
    exact = _written(folder, tower, Precision.FP32)
    write_golden(folder / "golden.safetensors", open_text_encoder(_text_model(folder, card, exact)).encode_texts(TEXTS))
    files = replace(_written(folder, tower, precision), golden=file(folder, "golden.safetensors"))
    return _text_model(folder, card, files)


def _written(folder: Path, tower: TextTower, precision: Precision) -> TextFiles:
    write_text_graph(tower, precision, folder / "text.onnx")
    graph, weights, tokenizer = (file(folder, name) for name in ("text.onnx", "text.safetensors", "tokenizer.json"))
    return TextFiles(graph=graph, weights=weights, tokenizer=tokenizer, precision=precision)


def _text_model(folder: Path, card: ModelCard, text: TextFiles) -> PreparedModel:
    return PreparedModel(folder=folder, card=card, source_sha256="0" * 64, text=text, image=None)
