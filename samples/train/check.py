"""`python -m samples.train.check`: the committed ONNX graphs against open_clip, built from the committed config and weights."""

import json
import tempfile
from pathlib import Path

import numpy as np
import onnx
import open_clip
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from PIL import Image
from torch import Tensor, nn

from samples.train import preprocess
from samples.train.captions import sentence_encoder
from samples.train.evaluate import SAMPLES, TextTower, embed_pictures
from samples.train.network import open_clip_config

CLOSE = 0.9999
NAME = "sample-drawings"


def weights_of(folder: Path) -> dict[str, Tensor]:
    """The weights trained here, read back from the initializers of the ONNX graphs."""
    graphs = [onnx.load(folder / name, load_external_data=False).graph for name in ("image.onnx", "text.onnx")]
    ours = [tensor for graph in graphs for tensor in graph.initializer if tensor.name.startswith(("visual.", "text."))]
    return {tensor.name: torch.from_numpy(np.array(numpy_helper.to_array(tensor))).float() for tensor in ours}


def open_clip_model(folder: Path) -> nn.Module:
    """The pair as open_clip creates it, with the committed image weights and the package's text weights."""
    config = json.loads((folder / "open_clip_config.json").read_text())
    if config != open_clip_config():
        raise SystemExit("open_clip_config.json is not what network.py describes")
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / f"{NAME}.json").write_text(json.dumps(open_clip_config(sentence_encoder())))
        open_clip.add_model_config(place)
        model: nn.Module = open_clip.create_model(NAME)
    missing = model.load_state_dict(weights_of(folder), strict=False).missing_keys
    if any(name.startswith(("visual.", "text.proj")) and "num_batches" not in name for name in missing):
        raise SystemExit(f"the graphs lack weights: {missing}")
    return model.eval()


def closeness(name: str, ours: NDArray[np.float32], theirs: Tensor) -> float:
    """The least cosine between two tables of unit rows."""
    least = float((ours * theirs.numpy()).sum(1).min())
    print(f"{name}: {len(ours)} compared, least cosine {least:.6f}")
    return least


@torch.inference_mode()
def check(samples: Path) -> bool:
    """Whether both towers agree on the sample pictures and their titles."""
    folder = samples / "model"
    entries = [json.loads(line) for line in (samples / "metadata.jsonl").read_text("utf-8").splitlines()][::10]
    model = open_clip_model(folder)
    paths = [samples / "pictures" / entry["file_path"] for entry in entries]
    pixels = torch.from_numpy(np.stack([preprocess.pixels(Image.open(path)) for path in paths]))
    titles = [entry["title"] for entry in entries]
    tower = TextTower(folder)
    ids = torch.tensor([encoded.ids for encoded in tower.tokenizer.encode_batch(titles)])
    images = closeness("pictures", embed_pictures(folder, paths), model.encode_image(pixels, normalize=True))
    texts = closeness("texts", tower.embed(titles), model.encode_text(ids, normalize=True))
    return min(images, texts) >= CLOSE


if __name__ == "__main__":
    raise SystemExit(0 if check(SAMPLES) else "the towers differ")
