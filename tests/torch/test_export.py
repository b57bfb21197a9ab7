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
from searchindex.models import Precision, read_model, sha256_of
from tests.golden import tiny
from tests.torch.references import image_vectors, random_model, save_weights, text_vectors


def check(prepared, model, *, size: int) -> None:
    pixels = np.random.default_rng(5).standard_normal((3, 3, size, size), dtype=np.float32)
    texts = [*tiny.TEXTS, "a red bicycle"]
    ours, theirs = open_text_encoder(prepared).encode_texts(texts), text_vectors(model, texts)
    assert (ours * theirs).sum(axis=1).min() >= prepared.text.precision.least_cosine - 1e-7
    ours, theirs = open_image_encoder(prepared).encode_images(pixels), image_vectors(model, pixels)
    assert (ours * theirs).sum(axis=1).min() >= 0.9999


def test_a_model_is_prepared_whole(model, weights, tmp_path):
    """The folder that appears is one that the service can load, and agrees with torch."""
    prepared = export(tiny.CARD, tmp_path / "made", weights=weights)
    expected = ["golden.safetensors", "image.onnx", "model.json", "text.onnx", "text.safetensors", "tokenizer.json"]
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == expected
    assert [path.name for path in tmp_path.iterdir()] == ["made"]
    assert prepared.source_sha256 == sha256_of(weights)
    check(prepared, model, size=32)


def test_weights_beyond_a_graphs_limit_lie_beside_it(model, weights, tmp_path):
    """Towers of more than 2 GB are prepared in the same way and give the same vectors."""
    prepared = export(tiny.CARD, tmp_path / "made", weights=weights, largest=1000)
    assert prepared.text.weights is not None
    assert prepared.image.weights is not None
    assert (tmp_path / "made" / "image.onnx").stat().st_size < 200_000
    check(prepared, model, size=32)


@pytest.mark.parametrize("precision", Precision)
def test_each_precision_has_one_fingerprint(precision, model, weights, tmp_path):
    """A model prepared anew in another precision answers from the collection that is there."""
    prepared = export(tiny.CARD, tmp_path / "made", weights=weights, precision=precision, text_only=True)
    assert prepared.text.precision is precision
    assert prepared.image is None
    assert prepared.fingerprint == replace(prepared, text=replace(prepared.text, precision=Precision.FP32)).fingerprint
    ours, theirs = open_text_encoder(prepared).encode_texts(tiny.TEXTS), text_vectors(model, list(tiny.TEXTS))
    assert (ours.astype(float) * theirs).sum(axis=1).min() >= precision.least_cosine - 1e-7


def test_a_killed_export_is_taken_up(weights, tmp_path, monkeypatch):
    """What was proven before the power went is not made again; what was damaged since is."""

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    def text_graph() -> tuple[int, bytes]:
        path = tmp_path / ".made.part" / "text.safetensors"
        return path.stat().st_mtime_ns, path.read_bytes()

    with monkeypatch.context() as patch:
        patch.setattr("jobs.export.image_tower", killed)
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                export(tiny.CARD, tmp_path / "made", weights=weights)
            made = text_graph()
        (tmp_path / ".made.part" / "text.safetensors").write_bytes(b"half")
        with pytest.raises(KeyboardInterrupt):
            export(tiny.CARD, tmp_path / "made", weights=weights)
        assert text_graph()[1] == made[1]
    export(tiny.CARD, tmp_path / "made", weights=weights)
    assert [path.name for path in tmp_path.iterdir()] == ["made"]
    assert (tmp_path / "made" / "model.json").is_file()


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
