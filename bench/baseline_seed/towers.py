"""open_clip's text tower as people run it, for `bench.benchmarks.text_tower`: a sample of every shape for each line that is read.

`python -m bench.baseline_seed.towers ARM CARD SHAPES`, where torch is; `prepare FOLDER CARD` leaves random weights and the product's models
made of them; `dynamic FILE CARD` the tower as torch exports it, in ONNX Runtime's own dynamic quantisation. Weights are open_clip's
first draw with seed 0; what is measured does not depend on them.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import open_clip
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors.torch import save_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel

from bench.tower_shapes import MS, THREADS, Shape, read_shapes, resident, token_ids
from jobs.export import export
from searchindex.catalogue import ModelCard, find_card
from searchindex.encoders.openclip_graphs import text_tower, write_graph
from searchindex.encoders.openclip_model import text_features
from searchindex.models import Precision

REPEAT = 3


def main(arm: str, *rest: str) -> None:
    if arm == "prepare":
        prepare(Path(rest[0]), find_card(rest[1]))
        return
    if arm == "dynamic":
        quantize(Path(rest[0]), find_card(rest[1]))
        return
    card, shapes = find_card(rest[0]), read_shapes(rest[1])
    torch.set_num_threads(THREADS)
    encode, load = _open(arm, card)
    for _ in sys.stdin:
        taken = {shape.name: _times(encode, card, shape) for shape in shapes}
        print(json.dumps(taken | {"load": [load], "resident": [resident()]}), flush=True)


def _open(arm: str, card: ModelCard) -> tuple[Callable[[Any], Any], float]:
    began = time.perf_counter()
    model = _model(card)
    if arm == "torch-int8":
        model = torch.ao.quantization.quantize_dynamic(model, {torch.nn.Linear}, dtype=torch.qint8)
    load = time.perf_counter() - began
    if arm == "stock":
        return lambda ids: model.encode_text(_padded(ids, card)), load
    return lambda ids: text_features(model, ids, cut=True), load


def _model(card: ModelCard) -> Any:
    torch.manual_seed(0)
    model = open_clip.create_model(card.architecture, load_weights=False, pretrained_text=False).eval()
    del model.visual
    return model


def _padded(ids: Any, card: ModelCard) -> Any:
    return torch.nn.functional.pad(ids, (0, card.text.context_length - ids.shape[1]))


def _times(encode: Callable[[Any], Any], card: ModelCard, shape: Shape) -> list[float]:
    times = []
    for number in range(REPEAT):
        ids = torch.from_numpy(token_ids(card, shape, seed=number))
        began = time.perf_counter()
        with torch.inference_mode():
            encode(ids)
        times.append(MS * (time.perf_counter() - began))
    return times


def prepare(folder: Path, card: ModelCard) -> None:
    """One folder for each precision."""
    torch.manual_seed(0)
    model = open_clip.create_model(card.architecture, load_weights=False, pretrained_text=False)
    weights = folder / "weights.safetensors"
    save_file({name: value.contiguous().clone() for name, value in model.state_dict().items()}, weights)
    del model
    tokenizer = None if card.text.tokenizer == "clip" else folder / "tokenizer.json"
    if tokenizer is not None:
        Tokenizer(WordLevel({"<unk>": 0, "a": 1}, unk_token="<unk>")).save(str(tokenizer))  # noqa: S106 # no password: a word
    for precision in Precision:
        export(card, folder / precision, weights=weights, tokenizer=tokenizer, precision=precision, text_only=True)
    weights.unlink()


def quantize(path: Path, card: ModelCard) -> None:
    """What comes of two calls, by whoever exports a tower without knowing more about it."""
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        plain = Path(folder) / "plain.onnx"
        write_graph(text_tower(card, _model(card)), plain)
        quantize_dynamic(plain, path, per_channel=True, weight_type=QuantType.QInt8)


if __name__ == "__main__":
    main(*sys.argv[1:])
