"""A model is put into a shared folder once, and never believed without its digests."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.fetch import ensure_model
from jobs.shared_settings import PrepareSettings
from searchindex.catalogue import ModelCard, find_card
from searchindex.errors import CollectionMismatch, ModelUnavailable
from searchindex.models import PreparedModel, read_model

CARD = find_card("ResNet10-MiniLM/pictograms")
MODEL = Path(__file__).parents[2] / "samples/model"


def wanted(models: Path, *, fingerprint: str | None = None, keep_weights: bool = False) -> PrepareSettings:
    return PrepareSettings(
        models_path=models,
        clip_model_name=CARD.architecture,
        clip_pretrained=CARD.pretrained,
        model_fingerprint=fingerprint,
        keep_weights=keep_weights,
    )


def copied(_card: ModelCard, out: Path, **_: bool) -> PreparedModel:
    """Stands for the export, which needs torch and a network."""
    shutil.copytree(MODEL, out)
    return read_model(out)


def never(_card: ModelCard, _out: Path, **_: bool) -> PreparedModel:
    pytest.fail("it is there already")


def test_it_is_made_once(tmp_path: Path):
    """The second Job finds it, checks it, and fetches nothing."""
    made = ensure_model(wanted(tmp_path), copied)
    assert ensure_model(wanted(tmp_path, fingerprint=made.fingerprint), never).folder == tmp_path / CARD.slug


def test_weights_are_kept_for_those_who_need_them(tmp_path: Path):
    """Pods with a GPU ask for them; a folder without is not served to pods that would end at once, and is not changed either."""
    asked = []

    def make(card: ModelCard, out: Path, *, keep_weights: bool) -> PreparedModel:
        asked.append(keep_weights)
        return copied(card, out)

    for _ in range(2):
        with pytest.raises(ModelUnavailable, match=r"without its weights\. Remove the folder"):
            ensure_model(wanted(tmp_path, keep_weights=True), make)
    assert asked == [True]
    ensure_model(wanted(tmp_path), never)


def test_a_truncated_file_is_found_out(tmp_path: Path):
    """Before any pod loads it."""
    ensure_model(wanted(tmp_path), copied)
    file = tmp_path / CARD.slug / "image.onnx"
    os.truncate(file, file.stat().st_size // 2)
    with pytest.raises(ModelUnavailable, match=r"image\.onnx"):
        ensure_model(wanted(tmp_path), never)


def test_other_weights_are_refused(tmp_path: Path):
    """A hub may serve other weights under the same name tomorrow."""
    with pytest.raises(CollectionMismatch, match="0000000000000000"):
        ensure_model(wanted(tmp_path, fingerprint="0" * 16), copied)


def test_the_command_says_what_is_missing(tmp_path: Path):
    """An image without torch prepares nothing; to check the model that is there needs none."""
    flags = [f"--clip-model-name={CARD.architecture}", f"--clip-pretrained={CARD.pretrained}", f"--models-path={tmp_path}"]
    environment = {**os.environ, "PYTHONPATH": str(_without_torch(tmp_path / "bare"))}

    def prepare() -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "jobs", "prepare", *flags]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=60)  # noqa: S603

    missing = prepare()
    assert missing.returncode == 4
    assert "This needs torch" in missing.stderr
    shutil.copytree(MODEL, tmp_path / CARD.slug)
    there = prepare()
    assert there.returncode == 0, there.stderr
    assert json.loads(there.stdout.splitlines()[-1])["fingerprint"] == read_model(MODEL).fingerprint


def _without_torch(folder: Path) -> Path:
    """As in the image for CPUs, wherever these tests run."""
    folder.mkdir()
    (folder / "torch.py").write_text("raise ImportError('no torch here', name='torch')")
    return folder
