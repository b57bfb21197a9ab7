"""The small model, through the product's own decoding, preprocessing and encoders."""

import json
from pathlib import Path

import numpy as np
import pytest

from searchindex.encoders.onnx import open_image_encoder, open_text_encoder
from searchindex.images import decode, preprocess
from searchindex.models import read_model

SAMPLES = Path(__file__).parent.parent.parent / "samples"


@pytest.fixture(scope="module")
def scores() -> np.ndarray:
    """Cosines of every picture's title (rows) with every picture (columns)."""
    model = read_model(SAMPLES / "model")
    entries = [json.loads(line) for line in (SAMPLES / "metadata.jsonl").read_text("utf-8").splitlines()]
    pictures = [decode((SAMPLES / "pictures" / entry["file_path"]).read_bytes()) for entry in entries]
    images = open_image_encoder(model).encode_images(np.stack([preprocess(each, model.card.image) for each in pictures]))
    return open_text_encoder(model).encode_texts([entry["title"] for entry in entries]) @ images.T


def recall(scores: np.ndarray, depth: int) -> float:
    places = (scores > scores.diagonal()[:, None]).sum(axis=1)
    return float((places < depth).mean())


def test_names_find_their_pictures_in_a_style_never_seen(scores: np.ndarray):
    """The demonstration means something: at least half of all names find their own picture first among all."""
    assert scores.shape[0] >= 1000
    assert recall(scores, 1) >= 0.5
    assert recall(scores, 5) >= 0.8


@pytest.mark.parametrize("depth", [1, 5, 10])
def test_the_documented_recall_is_what_the_product_reaches(scores: np.ndarray, depth: int):
    """The published table was made by the files in the repository, and the product's pipeline is that of the evaluation."""
    documented = json.loads((SAMPLES / "model/evaluation.json").read_text())["names"][f"R@{depth}"]
    assert recall(scores, depth) == pytest.approx(documented, abs=0.005)
