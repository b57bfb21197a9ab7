"""A pod waits for a model that another one prepares."""

import shutil
from pathlib import Path

import pytest

from searchindex.errors import InvalidInput
from service.awaiting import await_model
from service.settings import Settings

MODEL = Path(__file__).parents[2] / "samples/model"


def settings_of(models: Path, **more: str) -> Settings:
    return Settings(models_path=models, clip_model_name="ResNet10-MiniLM", clip_pretrained="pictograms", **more)


def test_it_ends_once_the_model_is_there_and_says_what_it_waits_for(tmp_path: Path):
    """Whoever looks at the pod's log sees the reason, once; half a model is none."""
    said: list[str] = []
    pauses: list[float] = []
    folder = tmp_path / "ResNet10-MiniLM--pictograms"

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 1:
            folder.mkdir()
            shutil.copy(MODEL / "image.onnx", folder)
        if len(pauses) == 3:
            shutil.copy(MODEL / "model.json", folder)

    await_model(settings_of(tmp_path), say=said.append, sleep=pause)
    assert len(pauses) == 3
    assert len(said) == 1
    assert "ResNet10-MiniLM/pictograms is not prepared" in said[0]


def test_another_model_is_not_waited_for(tmp_path: Path):
    """It will not become the one that was named."""
    shutil.copytree(MODEL, tmp_path / "ResNet10-MiniLM--pictograms")
    with pytest.raises(InvalidInput, match="MODEL_FINGERPRINT"):
        await_model(settings_of(tmp_path, model_fingerprint="0" * 16), say=print, sleep=lambda _: pytest.fail("it waits"))
