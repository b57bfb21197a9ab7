"""How towers run on a GPU, as far as a CPU can show it: the same vectors compiled, padded to buckets and in sixteen bits."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is not installed: pip install 'searchindex[gpu]', then make test-torch")

import torch

from searchindex.encoders.openclip import open_openclip
from searchindex.encoders.openclip_model import Towers
from searchindex.encoders.openclip_run import Autocast, Run, usual_run
from searchindex.errors import ModelUnavailable
from tests.golden import tiny
from tests.torch.references import image_vectors, text_vectors

TEXTS = [*tiny.TEXTS, "a red bicycle", "a photograph of a lake in winter with a house and a boat on its shore"]
EXACT = 1e-5  # of a component, in float32


@pytest.fixture(scope="module")
def compiled(weights):
    return open_openclip(tiny.CARD, weights=weights, run=Run(compiled=True))


@pytest.fixture
def shapes(monkeypatch):
    """What the text tower is called with."""
    seen: list[tuple[int, ...]] = []
    compile_ = torch.compile

    def recording(function, **how):
        assert how["mode"] == "reduce-overhead"
        made = compile_(function, backend="eager", dynamic=how["dynamic"])

        def called(batch):
            seen.append(tuple(batch.shape))
            return made(batch)

        return called

    monkeypatch.setattr(torch, "compile", recording)
    return seen


def test_compiled_vectors_are_open_clips(model, compiled):
    """Filled up to the bucket and compiled, in all lengths and any batch, a text has the vector that open_clip gives it."""
    expected = text_vectors(model, TEXTS)
    assert np.abs(compiled.encode_texts(TEXTS) - expected).max() < EXACT
    assert np.abs(np.concatenate([compiled.encode_texts([text]) for text in TEXTS]) - expected).max() < EXACT
    assert np.abs(compiled.encode_images(tiny.pixels(5)) - image_vectors(model, tiny.pixels(5))).max() < EXACT


def test_only_buckets_are_met(weights, shapes):
    """Texts of any length, in batches of any size, come in the shapes that were warmed up, so that nothing is recorded later."""
    encoder = open_openclip(tiny.CARD, weights=weights, run=Run(compiled=True), towers=Towers.TEXT)
    encoder.warm_up(batches=8)
    warmed = set(shapes)
    assert {length for _, length in warmed} == {8, 16, 32, 77}
    assert len(shapes) == 3 * len(warmed)
    for size in range(1, 9):
        encoder.encode_texts(["word " * (size * number) for number in range(1, size + 1)])
    assert set(shapes) == warmed


def test_what_is_not_compiled_is_not_filled(weights, monkeypatch):
    """On a CPU each text is as long as it is."""
    seen = []
    encoder = open_openclip(tiny.CARD, weights=weights, run=Run(), towers=Towers.TEXT)
    tower = encoder.model.transformer.forward
    monkeypatch.setattr(encoder.model.transformer, "forward", lambda x, **rest: (seen.append(tuple(x.shape[:2])), tower(x, **rest))[1])
    encoder.encode_texts(["a cat", "a red cat", "cat"])
    assert seen == [(3, 5)]


@pytest.mark.parametrize(("autocast", "compiled"), [(Autocast.BF16, False), (Autocast.FP16, False), (Autocast.BF16, True)])
def test_sixteen_bits_are_near(autocast, compiled, model, weights):
    """What is multiplied in sixteen bits is kept in sixteen, all else in float32, and the vectors are nearly the same."""
    encoder = open_openclip(tiny.CARD, weights=weights, run=Run(autocast=autocast, compiled=compiled))
    kept = {name: parameter.dtype for name, parameter in encoder.model.named_parameters()}
    assert kept["transformer.resblocks.0.mlp.c_fc.weight"] is getattr(torch, autocast)
    assert kept["transformer.resblocks.0.attn.in_proj_weight"] is getattr(torch, autocast)
    assert kept["token_embedding.weight"] is kept["ln_final.weight"] is torch.float32
    texts = (encoder.encode_texts(TEXTS).astype(float) * text_vectors(model, TEXTS)).sum(axis=1)
    pictures = (encoder.encode_images(tiny.pixels(3)).astype(float) * image_vectors(model, tiny.pixels(3))).sum(axis=1)
    assert autocast.least_cosine <= min(texts.min(), pictures.min()) < 1 - 1e-9


def test_the_picture_tower_runs_alone(model, weights):
    """An indexing process holds no text tower, and says so rather than fail."""
    encoder = open_openclip(tiny.CARD, weights=weights, run=Run(), towers=Towers.IMAGE)
    assert {name.partition(".")[0] for name in encoder.model.state_dict()} == {"visual"}
    assert np.abs(encoder.encode_images(tiny.pixels(3)) - image_vectors(model, tiny.pixels(3))).max() < EXACT
    with pytest.raises(ValueError, match="without its text tower"):
        encoder.encode_texts(["a"])
    queries = open_openclip(tiny.CARD, weights=weights, run=Run(), towers=Towers.TEXT)
    with pytest.raises(ValueError, match="without its picture tower"):
        queries.encode_images(tiny.pixels(1))


def test_a_tower_that_fails_is_told(weights, monkeypatch):
    """Whatever torch raises is the model's error, with what to look at."""
    encoder = open_openclip(tiny.CARD, weights=weights, run=Run(), towers=Towers.TEXT)
    monkeypatch.setattr(encoder.model.transformer, "forward", lambda *_, **__: torch.zeros(1) @ torch.zeros(2))
    with pytest.raises(ModelUnavailable, match=r"tiny/golden failed on cpu: .*memory"):
        encoder.encode_texts(["a"])


def test_a_cpu_compiles_nothing_unless_told():
    """What is not set follows from the device; a device that torch does not know is told."""
    assert usual_run("cpu") == Run()
    assert usual_run("cpu", autocast=Autocast.BF16, compiled=True) == Run(autocast=Autocast.BF16, compiled=True)
    for device in ("cuda:7", "tricorder"):
        with pytest.raises(ModelUnavailable, match=f"There is no device {device}"):
            usual_run(device)


def test_a_compiled_tower_is_run_by_one_thread(weights, monkeypatch):
    """A CUDA graph is its thread's own: what was met while warming up is met again, whichever thread of the program asks."""
    threads = set()
    monkeypatch.setattr(torch, "compile", lambda function, **_: lambda batch: (threads.add(threading.get_ident()), function(batch))[1])
    encoder = open_openclip(tiny.CARD, weights=weights, run=Run(compiled=True), towers=Towers.TEXT)
    encoder.warm_up(batches=1)
    with ThreadPoolExecutor(2) as pool:
        assert [rows.shape for rows in pool.map(encoder.encode_texts, [["a"], ["b"], ["c"]])] == [(1, 32)] * 3
    assert len(threads) == 1


def test_a_gpu_compiles_where_there_is_a_compiler(monkeypatch, tmp_path):
    """An image without one serves uncompiled rather than not at all; CC may name another."""
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _device: (9, 0))
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert usual_run("cuda") == Run(device="cuda", autocast=Autocast.BF16, compiled=False)
    assert usual_run("cuda", compiled=True).compiled
    (tmp_path / "gcc").touch(mode=0o755)
    assert usual_run("cuda").compiled
    (tmp_path / "gcc").rename(tmp_path / "mine")
    monkeypatch.setenv("CC", "mine")
    assert usual_run("cuda").compiled
