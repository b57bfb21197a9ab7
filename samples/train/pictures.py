"""The sample pictures: the held-out style as files with real names, and a line of metadata for each."""

import json
import shutil
from pathlib import Path
from typing import Any

from PIL import Image

from samples.train.concepts import Concept, slug
from samples.train.dataset import Dataset
from samples.train.preprocess import flatten

COLOURS = 64


def metadata(concept: Concept) -> dict[str, Any]:
    """What a search shows and filters by, besides the picture itself."""
    path = f"{concept.category}/{slug(concept.name)}.png"
    return {"file_path": path, "category": concept.category, "title": concept.name, "tags": list(concept.keywords)}


def write_pictures(data: Dataset, samples: Path) -> None:
    """Replace `pictures/` and `metadata.jsonl`."""
    staged = samples / "pictures.part"
    shutil.rmtree(staged, ignore_errors=True)
    lines = []
    for pixels, label in zip(data.pictures.pixels, data.pictures.labels, strict=True):
        entry = metadata(data.concepts[label])
        target = staged / entry["file_path"]
        target.parent.mkdir(parents=True, exist_ok=True)
        flatten(Image.fromarray(pixels)).quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)
        lines.append(json.dumps(entry, ensure_ascii=False) + "\n")
    shutil.rmtree(samples / "pictures", ignore_errors=True)
    staged.rename(samples / "pictures")
    (samples / "metadata.jsonl").write_text("".join(lines), "utf-8")
