"""Exports: what they write, and when they write nothing."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is not installed: pip install 'searchindex[gpu]', then make test-torch")

from jobs.export import export
from searchindex.catalogue import Truncation, find_card
from searchindex.encoders.onnx import open_image_encoder, open_text_encoder
from searchindex.encoders.openclip_graphs import text_tower, write_graph
from searchindex.errors import InvalidInput, ModelUnavailable
from searchindex.models import read_model, sha256_of
from tests.golden import tiny
from tests.golden.make import tiny_model
from tests.torch.references import image_vectors, random_model, save_weights, text_vectors


@pytest.fixture(scope="module")
def model():
    return tiny_model()


@pytest.fixture(scope="module")
def weights(model, tmp_path_factory):
    return save_weights(model, tmp_path_factory.mktemp("weights") / "tiny.safetensors")


def check(prepared, model, *, size: int) -> None:
    pixels = np.random.default_rng(5).standard_normal((3, 3, size, size), dtype=np.float32)
    texts = [*tiny.TEXTS, "a red bicycle"]
    ours, theirs = open_text_encoder(prepared).encode_texts(texts), text_vectors(model, texts)
    assert (ours * theirs).sum(axis=1).min() >= 0.9999
    ours, theirs = open_image_encoder(prepared).encode_images(pixels), image_vectors(model, pixels)
    assert (ours * theirs).sum(axis=1).min() >= 0.9999


def test_a_model_is_prepared_whole(model, weights, tmp_path):
    """The folder that appears is one that the service can load, and agrees with torch."""
    prepared = export(tiny.CARD, tmp_path / "made", weights=weights)
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == ["image.onnx", "model.json", "text.onnx", "tokenizer.json"]
    assert [path.name for path in tmp_path.iterdir()] == ["made"]
    assert prepared.source_sha256 == sha256_of(weights)
    check(prepared, model, size=32)


def test_weights_beyond_a_graphs_limit_lie_beside_it(model, weights, tmp_path):
    """Towers of more than 2 GB are prepared in the same way and give the same vectors."""
    prepared = export(tiny.CARD, tmp_path / "made", weights=weights, largest=1000)
    assert prepared.text.weights is not None
    assert prepared.image.weights is not None
    assert (tmp_path / "made" / "text.onnx").stat().st_size < 200_000
    check(prepared, model, size=32)


def test_the_graph_says_nothing_of_the_machine(model, tmp_path):
    """What is published holds no paths of who made it."""
    write_graph(text_tower(tiny.CARD, model), tmp_path / "text.onnx")
    content = (tmp_path / "text.onnx").read_bytes()
    for word in (b"site-packages", b"searchindex/encoders", str(tmp_path).encode()):
        assert word not in content


@pytest.mark.parametrize("name", ["ViT-B-32/laion2b_s34b_b79k"])
def test_a_card_of_the_catalogue_is_prepared(name, tmp_path):
    """The architecture that people use first exports, loads by its manifest, and agrees with open_clip."""
    card = find_card(name)
    model = random_model(card.architecture)
    export(card, tmp_path / "made", weights=save_weights(model, tmp_path / "random.safetensors"))
    check(read_model(tmp_path / "made"), model, size=224)


def test_nothing_is_written_over_a_model(weights, tmp_path):
    """A folder that is in use is never changed."""
    (tmp_path / "made").mkdir()
    with pytest.raises(InvalidInput, match="there already"):
        export(tiny.CARD, tmp_path / "made", weights=weights)


def test_a_failed_export_leaves_nothing(weights, tmp_path):
    """No half of a model lies where one is looked for."""
    card = replace(tiny.CARD, text=replace(tiny.CARD.text, truncation=Truncation.PADDING))
    for wrong in (card, replace(tiny.CARD, dim=48)):
        with pytest.raises(ModelUnavailable):
            export(wrong, tmp_path / "made", weights=weights)
    assert list(tmp_path.iterdir()) == []


def test_a_tower_that_is_not_causal_is_not_cut(tmp_path):
    """A card that would change vectors is refused before anything is exported."""
    architecture = "MobileCLIP-S1"
    card = replace(tiny.CARD, architecture=architecture, dim=512, image=replace(tiny.CARD.image, size=256))
    weights = save_weights(random_model(architecture), tmp_path / "random.safetensors")
    with pytest.raises(ModelUnavailable, match="not causal"):
        export(card, tmp_path / "made", weights=weights)


def test_without_weights_or_network_the_source_is_named(tmp_path):
    """An operator without a network learns which file to bring."""
    with pytest.raises(ModelUnavailable, match="hf-hub:nobody/nothing"):
        export(tiny.CARD, tmp_path / "made", weights=None)
