"""A model whose weights were kept, run by torch: as the programs open it, and answering searches."""

import json
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is not installed: pip install 'searchindex[gpu]', then make test-torch")

import open_clip
import torch

from jobs.export import export
from searchindex.encoders import openclip_prepared
from searchindex.encoders.golden import TEXTS, golden_pixels, write_golden, write_golden_pictures
from searchindex.encoders.openclip import OpenClip
from searchindex.encoders.openclip_run import Autocast
from searchindex.encoders.opening import check_runtime, open_image_encoder, open_text_encoder
from searchindex.encoders.runtime import Kind, Runtime
from searchindex.errors import InvalidInput, ModelUnavailable
from searchindex.models import ModelFile, Precision, read_model, sha256_of
from tests.golden import tiny
from tests.torch.references import image_vectors, text_vectors

OPENCLIP = Runtime(kind=Kind.OPENCLIP, device="cpu")
KEPT = {"keep_weights": True, "precision": Precision.FP32}  # which rests on no eight-bit arithmetic of this machine


@pytest.fixture(scope="module")
def kept(weights, tmp_path_factory):
    return export(tiny.CARD, tmp_path_factory.mktemp("kept") / "made", weights=weights, **KEPT)


def test_a_folder_serves_both_runtimes(model, weights, kept, monkeypatch):
    """What was written is read, has the weights and open_clip's config beside the graphs, and each runtime gives the same vectors."""
    monkeypatch.setattr("searchindex.models.find_card", lambda _name: tiny.CARD)
    assert read_model(kept.folder) == kept
    assert kept.openclip.weights.sha256 == sha256_of(weights) == kept.source_sha256
    assert open_clip.create_model(f"local-dir:{kept.folder}").state_dict().keys() == model.state_dict().keys()
    expected = text_vectors(model, list(tiny.TEXTS)), image_vectors(model, tiny.pixels(3))
    for runtime in (OPENCLIP, Runtime(kind=Kind.ONNX)):
        ours = open_text_encoder(kept, runtime).encode_texts(tiny.TEXTS), open_image_encoder(kept, runtime).encode_images(tiny.pixels(3))
        assert all((mine.astype(float) * theirs).sum(axis=1).min() > 1 - 1e-6 for mine, theirs in zip(ours, expected, strict=True))
    assert isinstance(open_text_encoder(kept, OPENCLIP), OpenClip)


def test_weights_are_kept_only_for_who_asks(weights, kept, tmp_path):
    """A folder for the CPU does not grow by what nobody reads; and both are one model."""
    plain = export(tiny.CARD, tmp_path / "made", weights=weights, precision=Precision.FP32)
    assert plain.openclip is None
    assert not (plain.folder / "open_clip_model.safetensors").exists()
    assert plain.fingerprint == kept.fingerprint
    with pytest.raises(InvalidInput, match="--keep-weights"):
        check_runtime(plain, OPENCLIP)
    check_runtime(kept, OPENCLIP)


def test_a_model_for_queries_alone_encodes_no_pictures(weights, tmp_path):
    """In neither runtime: its pictures were never compared with anything."""
    queries = export(tiny.CARD, tmp_path / "made", weights=weights, **KEPT, text_only=True)
    assert open_text_encoder(queries, OPENCLIP).encode_texts(["a cat"]).shape == (1, 32)
    for kind in (Kind.ONNX, Kind.OPENCLIP):
        with pytest.raises(ModelUnavailable, match="for queries alone"):
            open_image_encoder(queries, Runtime(kind=kind, device="cpu"))


def test_an_architecture_is_what_it_was_when_the_model_was_prepared(kept, monkeypatch):
    """The folder's own config is built from: another open_clip may describe the name otherwise, or not know it."""
    monkeypatch.delitem(open_clip.factory._MODEL_CONFIGS, tiny.ARCHITECTURE)
    assert open_text_encoder(kept, OPENCLIP).encode_texts(["a cat"]).shape == (1, 32)


def test_a_gpu_is_taken_where_there_is_one(kept, monkeypatch):
    """Left to itself: torch only where it has a GPU; and a GPU that is named and not there is an error."""
    opened = []
    monkeypatch.setattr(openclip_prepared, "_opened", lambda _model, run, _towers: opened.append(run.device))
    assert not isinstance(open_text_encoder(kept, Runtime()), OpenClip)
    with pytest.raises(ModelUnavailable, match="There is no device cuda:7"):
        open_text_encoder(kept, Runtime(device="cuda:7"))
    assert opened == []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    with pytest.raises(ModelUnavailable, match="There is no device cuda:"):
        open_text_encoder(kept, Runtime())


def test_every_bucket_is_met_before_it_answers(kept, monkeypatch):
    """The encoder that the service gets has seen each shape of its queries, so that none waits for a compiler."""
    shapes, compile_ = [], torch.compile

    def recording(function, **how):
        made = compile_(function, backend="eager", dynamic=how["dynamic"])
        return lambda batch: (shapes.append(tuple(batch.shape)), made(batch))[1]

    monkeypatch.setattr(torch, "compile", recording)
    encoder = open_text_encoder(kept, replace(OPENCLIP, compiled=True), batches=8)
    met = set(shapes)
    assert met == {(size, length) for size in (1, 2, 4, 8) for length in (8, 16, 32, 77)}
    for size in range(1, 9):
        encoder.encode_texts(["word " * (size * number) for number in range(1, size + 1)])
    assert set(shapes) == met


@pytest.mark.parametrize("autocast", Autocast)
def test_a_stranger_in_the_folder_is_never_served(autocast, kept, tmp_path):
    """Vectors that are not the reference's are refused at the start, in every precision, with what else there is to try."""
    card = tiny.CARD
    texts, pictures = tmp_path / "texts.safetensors", tmp_path / "pictures.safetensors"
    rows = np.random.default_rng(3).standard_normal((len(TEXTS), card.dim)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    write_golden(texts, rows)
    write_golden_pictures(pictures, rows[:3])

    def outside(path):
        return ModelFile(path=str(path), sha256=sha256_of(path))

    wrong = replace(kept, text=replace(kept.text, golden=outside(texts)), openclip=replace(kept.openclip, pictures=outside(pictures)))
    for opening in (open_text_encoder, open_image_encoder):
        opening(kept, replace(OPENCLIP, autocast=autocast))
        with pytest.raises(ModelUnavailable, match=r"not those of the reference.*TORCH_AUTOCAST"):
            opening(wrong, replace(OPENCLIP, autocast=autocast))
    assert len(golden_pixels(8)) == 3


def test_changed_weights_are_never_loaded(kept, weights, tmp_path):
    """The digest is compared before torch reads a byte."""
    changed = export(tiny.CARD, tmp_path / "made", weights=weights, **KEPT)
    path = changed.folder / "open_clip_model.safetensors"
    path.write_bytes(path.read_bytes()[:-4] + b"\0\0\0\0")
    with pytest.raises(ModelUnavailable, match=r"not the file that model\.json describes"):
        open_text_encoder(changed, OPENCLIP)
    facts = json.loads((kept.folder / "model.json").read_text())["openclip"]
    assert set(facts) == {"weights", "config", "pictures"}


def test_threads_of_the_cpu_are_heeded(kept):
    """CLIP_THREADS means the same in both runtimes."""
    before = torch.get_num_threads()
    try:
        open_text_encoder(kept, replace(OPENCLIP, threads=1))
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)
