"""Encoders of a model's folder, where torch is not installed or the folder has nothing for it."""

import importlib.util
from dataclasses import replace

import numpy as np
import pytest

from searchindex.encoders import compiled, opening
from searchindex.encoders.kernels.library import NEEDED
from searchindex.encoders.onnx import open_text_encoder as open_onnx
from searchindex.encoders.openclip_prepared import kept_files
from searchindex.encoders.runtime import Kind, Runtime
from searchindex.errors import InvalidInput, ModelUnavailable
from searchindex.models import OpenClipFiles, Precision
from tests.golden import tiny
from tests.searchindex.encoders.models import file, prepared_text, tiny_model
from tests.searchindex.encoders.towers import tiny_tower

OPENCLIP = Runtime(kind=Kind.OPENCLIP)


@pytest.fixture
def model(tmp_path):
    return tiny_model(tmp_path)


@pytest.fixture
def installed(monkeypatch):
    """As if these packages were."""
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: find("json" if name == "torch" else name, *rest))


def kept(model, weights: str):
    (model.folder / "open_clip_config.json").write_text("{}")
    files = OpenClipFiles(weights=file(model.folder, weights), config=file(model.folder, "open_clip_config.json"))
    return replace(model, openclip=files)


def test_a_folder_is_opened_by_onnx_runtime(model):
    """Without a word in the environment nothing is another than it was."""
    encoder = opening.open_text_encoder(model, Runtime())
    assert np.array_equal(encoder.encode_texts(tiny.TEXTS), open_onnx(model).encode_texts(tiny.TEXTS))
    assert opening.open_image_encoder(model, Runtime()).encode_images(tiny.pixels(2)).shape == (2, 32)


def test_threads_are_of_the_text_encoder(model, monkeypatch):
    """CLIP_THREADS bounds what one query takes, whatever the settings' way to the encoder."""
    seen = []
    monkeypatch.setattr("searchindex.encoders.onnx.open_text_encoder", lambda _model, *, threads: seen.append(threads))
    opening.open_text_encoder(model, Runtime(threads=3))
    assert seen == [3]


@pytest.mark.parametrize(
    ("flags", "kind", "way"),
    [
        (NEEDED, Kind.AUTO, "compiled"),
        (NEEDED | {"avx512_vnni"}, Kind.AUTO, "onnx"),
        (NEEDED | {"avx_vnni"}, Kind.COMPILED, "compiled"),
        (NEEDED, Kind.ONNX, "onnx"),
        (set(), Kind.AUTO, "onnx"),
    ],
)
def test_the_processor_decides_who_multiplies_eight_bits(tmp_path, monkeypatch, flags, kind, way):
    """Compiled kernels where ONNX Runtime has none that are as fast, and wherever they are asked for by name."""
    model, seen = prepared_text(tmp_path, tiny_tower(), Precision.INT8), []
    for name in ("onnx", "compiled"):
        monkeypatch.setattr(
            f"searchindex.encoders.{name}.open_text_encoder", lambda _model, *, threads, name=name: seen.append((name, threads))
        )
    monkeypatch.setattr("searchindex.encoders.compiled.processor", lambda: frozenset(flags))
    monkeypatch.setattr("searchindex.encoders.kernels.library.processor", lambda: frozenset(flags))
    opening.open_text_encoder(model, Runtime(kind=kind, threads=2))
    assert seen == [(way, 2)]


def test_other_towers_are_never_compiled(model, tmp_path):
    """Of another maker, or in float32; nor are they where that is asked for, and the way out is named."""
    for other in (model, prepared_text(tmp_path, tiny_tower(), Precision.FP32)):
        assert not compiled.suits(other)
        with pytest.raises(InvalidInput, match=r"ENCODER_RUNTIME is compiled: The text tower of .* ENCODER_RUNTIME=onnx does without"):
            opening.check_runtime(other, Runtime(kind=Kind.COMPILED))


def test_without_the_compiler_its_name_is_told(model, monkeypatch):
    """What is asked for and cannot be had is no reason to take something else in silence."""
    monkeypatch.setattr("searchindex.encoders.compiled.has_kernels", lambda: False)
    with pytest.raises(InvalidInput, match=r"ENCODER_RUNTIME is compiled: .*llvmlite"):
        opening.check_runtime(model, Runtime(kind=Kind.COMPILED))


@pytest.mark.parametrize("said", [PermissionError(13, "Permission denied"), ValueError("x86-64-v3 was made of other sources")])
def test_kernels_that_cannot_be_loaded_are_told(tmp_path, monkeypatch, said):
    """Where a system lets nothing be mapped as code, or an image was put together wrongly: the reason, and the way without."""

    def refuse():
        raise said

    monkeypatch.setattr("searchindex.encoders.compiled.library", refuse)
    monkeypatch.setattr("searchindex.encoders.compiled.has_kernels", lambda: True)
    model = prepared_text(tmp_path, tiny_tower(), Precision.INT8)
    with pytest.raises(ModelUnavailable, match=r"kernels .* cannot be loaded: .*(denied|other sources).*ENCODER_RUNTIME=onnx"):
        compiled.open_text_encoder(model)


@pytest.mark.skipif(importlib.util.find_spec("torch") is not None, reason="torch is installed: nothing is missing")
@pytest.mark.parametrize(
    ("runtime", "asked"), [(OPENCLIP, "ENCODER_RUNTIME is openclip"), (Runtime(device="cuda:1"), "TORCH_DEVICE is cuda:1")]
)
def test_without_torch_the_image_and_the_extra_are_named(runtime, asked, model):
    """A pod with the wrong image says which is the right one, before it is ready for anything."""
    with pytest.raises(InvalidInput, match=rf"{asked}, but torch is not installed\. Run: pip install 'searchindex\[gpu\]'.*service-gpu"):
        opening.check_runtime(model, runtime)


@pytest.mark.usefixtures("installed")
def test_without_weights_their_flag_is_named(model):
    """A folder that was prepared for the CPU alone says how to prepare it."""
    with pytest.raises(InvalidInput, match=r"ENCODER_RUNTIME is openclip: .* without open_clip's weights\. .*--keep-weights"):
        opening.check_runtime(model, OPENCLIP)


@pytest.mark.usefixtures("installed")
def test_what_can_be_run_is_not_refused(model):
    """Nor does anything torch needs matter to who does not ask for it."""
    opening.check_runtime(model, Runtime())
    whole = kept(model, "text.safetensors")
    opening.check_runtime(replace(whole, source_sha256=whole.openclip.weights.sha256), OPENCLIP)


def test_other_weights_than_the_fingerprints_are_refused(model):
    """Vectors of both runtimes are compared with one another, so both run the file that the fingerprint was taken of."""
    with pytest.raises(ModelUnavailable, match="are not those that its graphs were made of"):
        kept_files(kept(model, "text.safetensors"))
