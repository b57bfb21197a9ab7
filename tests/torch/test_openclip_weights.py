"""From a file to a device: once, and only what is a model's own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="torch is not installed: pip install 'searchindex[gpu]', then make test-torch")

import open_clip
import torch
from safetensors.torch import load_file, save_file

from searchindex.encoders.openclip import open_openclip
from searchindex.encoders.openclip_model import Towers, load_model
from searchindex.encoders.openclip_run import Run
from searchindex.errors import ModelUnavailable
from tests.golden import tiny
from tests.golden.make import tiny_model
from tests.torch.references import random_model, save_weights, text_vectors

WIDE = tiny.CONFIG | {"text_cfg": tiny.CONFIG["text_cfg"] | {"width": 768}}
LOADED = """
import dataclasses, json, sys
from pathlib import Path
import open_clip, torch
from searchindex.encoders.openclip_model import Towers, load_model
from searchindex.encoders.openclip_run import Run
from tests.golden import tiny

def held(field):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))

open_clip.add_model_config(Path(sys.argv[1]))
card = dataclasses.replace(tiny.CARD, architecture="wide")
peak, own = held("VmHWM"), held("RssAnon")
model = load_model(card, weights=Path(sys.argv[1]) / "wide.safetensors", run=Run(), towers=Towers.TEXT)
print(json.dumps({"peak": held("VmHWM") - peak, "own": held("RssAnon") - own, "sum": float(model.token_embedding.weight.sum())}))
"""


@pytest.fixture
def changed(model, tmp_path):
    """A file of the tiny model's weights, with some more or without some."""

    def write(more=(), less=()):
        path = save_weights(model, tmp_path / "changed.safetensors")
        tensors = load_file(path)
        save_file({name: tensor for name, tensor in tensors.items() if name not in less} | dict(more), path)
        return path

    return write


def refusal(path, towers=Towers.BOTH):
    with pytest.raises(ModelUnavailable) as raised:
        load_model(tiny.CARD, weights=path, run=Run(), towers=towers)
    return str(raised.value)


def test_a_missing_weight_is_named(changed):
    """A tower with a layer of random numbers is never served."""
    assert "it lacks the tensor ln_final.weight" in refusal(changed(less=["ln_final.weight"]))


def test_a_surplus_weight_is_named(changed):
    """A file that holds more than the model has is another model's."""
    assert "it has the tensor ln_extra.weight too many" in refusal(changed(more={"ln_extra.weight": torch.zeros(3)}))


def test_a_weight_of_another_shape_is_named(changed):
    """Nothing is stretched to fit."""
    said = refusal(changed(more={"positional_embedding": torch.zeros(40, 32)}))
    assert "positional_embedding has the shape [40, 32] instead of [77, 32]" in said


def test_what_is_not_loaded_may_be_missing(changed):
    """A file without its picture tower serves queries, and is refused for pictures."""
    path = changed(less=[name for name in tiny_model().state_dict() if name.startswith("visual.")])
    load_model(tiny.CARD, weights=path, run=Run(), towers=Towers.TEXT)
    assert "visual." in refusal(path, Towers.IMAGE)


def test_weights_in_sixteen_bits_are_widened(model, changed):
    """Files are published in float16, too; what is added up is float32 all the same."""
    halves = {name: tensor.half() for name, tensor in model.state_dict().items()}
    encoder = open_openclip(tiny.CARD, weights=changed(more=halves), run=Run())
    assert {parameter.dtype for parameter in encoder.model.parameters()} == {torch.float32}
    assert (encoder.encode_texts(tiny.TEXTS) * text_vectors(model, list(tiny.TEXTS))).sum(axis=1).min() > 0.999


def test_weights_are_in_memory_once(tmp_path):
    """Nothing is drawn first and nothing is copied: the file is mapped, and its pages come as they are used."""
    (tmp_path / "wide.json").write_text(json.dumps(WIDE))
    open_clip.add_model_config(tmp_path)
    written = random_model("wide")
    size = save_weights(written, tmp_path / "wide.safetensors").stat().st_size
    done = subprocess.run(  # noqa: S603 # our own
        [sys.executable, "-c", LOADED, str(tmp_path)], check=True, capture_output=True, text=True, cwd=Path(__file__).parents[2]
    )
    seen = json.loads(done.stdout.splitlines()[-1])
    assert size > 150_000_000
    assert seen["peak"] < 0.5 * size
    assert seen["own"] < 0.2 * size
    assert seen["sum"] == pytest.approx(float(written.token_embedding.weight.sum()), abs=0.5)


def test_nobody_is_told_of_random_weights(changed, caplog):
    """open_clip warns of what it built, before it is filled: in a pod's log that would be a false alarm."""
    load_model(tiny.CARD, weights=changed(), run=Run())
    assert caplog.records == []
