"""Write the files beside this one from open_clip itself: `make golden`. Needs torch; what is written, no test needs torch for."""

import json
import tempfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
from open_clip.tokenizer import SimpleTokenizer
from open_clip.transform import image_transform
from PIL import Image

from searchindex.catalogue import ImageCard
from searchindex.encoders.openclip_graphs import Tower, image_tower, take_out, text_tower, trace
from tests.golden import pictures, tiny
from tests.golden.strings import strings

HERE = Path(__file__).parent


def register_tiny() -> None:
    """Make the tiny architecture known to open_clip."""
    folder = Path(tempfile.mkdtemp())
    (folder / f"{tiny.ARCHITECTURE}.json").write_text(json.dumps(tiny.CONFIG))
    open_clip.add_model_config(folder)


def tiny_model() -> Any:
    """open_clip's model with the weights of `tiny.tensor`."""
    register_tiny()
    model = open_clip.create_model(tiny.ARCHITECTURE, load_weights=False).eval()
    state = {name: torch.from_numpy(np.array(tiny.tensor(name, tuple(value.shape)))) for name, value in model.state_dict().items()}
    model.load_state_dict(state)
    return model


def reference_pixels(picture: np.ndarray, card: ImageCard) -> np.ndarray:
    """What open_clip's inference transform makes of a picture."""
    transform = image_transform(
        card.size, is_train=False, mean=card.mean, std=card.std,
        resize_mode=str(card.resize_mode), interpolation=card.interpolation, fill_color=card.fill,
    )  # fmt: skip
    return transform(Image.fromarray(picture)).numpy()


def write_tokens() -> None:
    rows = SimpleTokenizer()(strings()).numpy().astype("<i4")
    sums = np.array([zlib.crc32(row.tobytes()) for row in rows], dtype=np.uint32)
    np.savez_compressed(HERE / "tokens.npz", sums=sums)


def write_pixels() -> None:
    found = {name: reference_pixels(*case).astype(np.float16) for name, case in pictures.cases().items()}
    np.savez_compressed(HERE / "pixels.npz", **found)


def write_graph(tower: Tower, name: str) -> dict[str, list[int]]:
    """A graph without its weights; returns their names and shapes."""
    program = trace(tower, optimize=False)
    parameters = dict(tower.module.named_parameters())
    inside = {key: list(parameters[key].shape) for key in program.model.graph.initializers if key in parameters}
    take_out(program.model, set(inside), location="weights.safetensors")
    program.save(HERE / f"{name}.onnx", external_data=False)
    return inside


def main() -> None:
    write_tokens()
    write_pixels()
    model = tiny_model()
    shapes = {"text": write_graph(text_tower(tiny.CARD, model), "text"), "image": write_graph(image_tower(tiny.CARD, model), "image")}
    (HERE / "shapes.json").write_text(json.dumps(shapes, indent=1) + "\n")
    with torch.inference_mode():
        texts = model.encode_text(SimpleTokenizer()(list(tiny.TEXTS)), normalize=True).numpy()
        images = model.encode_image(torch.from_numpy(tiny.pixels(5)), normalize=True).numpy()
    np.savez_compressed(HERE / "vectors.npz", texts=texts, images=images)


if __name__ == "__main__":
    main()
