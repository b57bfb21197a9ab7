"""What runs a model: what the environment may say, and what follows from it."""

import pytest

from jobs.settings import JobSettings
from jobs.shared_settings import read
from searchindex.encoders.openclip_run import Autocast
from searchindex.encoders.runtime import Kind, Runtime, RuntimeSettings, takes_torch
from searchindex.errors import InvalidInput
from service.settings import read_settings

NAMES = ("FORCE_CPU", "ENCODER_RUNTIME", "TORCH_DEVICE", "TORCH_AUTOCAST", "TORCH_COMPILE")
WRONG = [
    ("ENCODER_RUNTIME", "torch", "'onnx'"),
    ("TORCH_DEVICE", "gpu", "auto, cpu, cuda, or one GPU"),
    ("TORCH_DEVICE", "cuda:one", "auto, cpu, cuda, or one GPU"),
    ("TORCH_DEVICE", "cuda:1 ", "auto, cpu, cuda, or one GPU"),
    ("TORCH_AUTOCAST", "fp8", "'bfloat16'"),
    ("TORCH_COMPILE", "yes", "'on'"),
]


def asked(monkeypatch: pytest.MonkeyPatch, **values: str) -> Runtime:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return read(RuntimeSettings, {}).runtime()


def decided(runtime: Runtime, *, kept: bool, gpu: bool) -> bool:
    return takes_torch(runtime, kept=kept, gpu=lambda: gpu)


def test_the_environment_says_what_runs_a_model(monkeypatch: pytest.MonkeyPatch):
    """Each variable is heeded; what is not set is left to follow from the device."""
    assert asked(monkeypatch) == Runtime()
    said = asked(monkeypatch, ENCODER_RUNTIME="openclip", TORCH_DEVICE="cuda:1", TORCH_AUTOCAST="float16", TORCH_COMPILE="off")
    assert said == Runtime(kind=Kind.OPENCLIP, device="cuda:1", autocast=Autocast.FP16, compiled=False)
    assert asked(monkeypatch, TORCH_AUTOCAST="off", TORCH_COMPILE="on") == Runtime(autocast=Autocast.OFF, compiled=True)


@pytest.mark.parametrize(("name", "value", "may_be"), WRONG)
def test_a_wrong_value_stops_both_programs(name: str, value: str, may_be: str, monkeypatch: pytest.MonkeyPatch):
    """The service and the indexing job name the variable and what it may be."""
    monkeypatch.setenv(name, value)
    for start in (read_settings, lambda: read(JobSettings, {})):
        with pytest.raises(InvalidInput, match=f"{name}: .*{may_be}") as caught:
            start()
        assert f'"{value}"' not in str(caught.value)


def test_the_cpu_is_forced(monkeypatch: pytest.MonkeyPatch):
    """FORCE_CPU means what it always meant: no GPU is used, and one that is asked for beside it is a contradiction."""
    forced = asked(monkeypatch, FORCE_CPU="true")
    assert forced.device == "cpu"
    assert not decided(forced, kept=True, gpu=True)
    assert asked(monkeypatch, FORCE_CPU="true", ENCODER_RUNTIME="openclip") == Runtime(kind=Kind.OPENCLIP, device="cpu")
    with pytest.raises(InvalidInput, match=r"TORCH_DEVICE: must be auto or cpu where FORCE_CPU is set"):
        asked(monkeypatch, FORCE_CPU="true", TORCH_DEVICE="cuda")


def test_a_gpu_is_used_where_it_can_be():
    """Left to itself: torch where the weights are there and a GPU is; without either, ONNX Runtime."""
    assert decided(Runtime(), kept=True, gpu=True)
    assert not decided(Runtime(), kept=True, gpu=False)
    assert not decided(Runtime(), kept=False, gpu=True)
    assert not decided(Runtime(device="cpu"), kept=True, gpu=True)


def test_a_gpu_that_is_named_is_never_left_aside():
    """Where it cannot be used that is an error, not a slower service."""
    for kept in (True, False):
        assert decided(Runtime(device="cuda"), kept=kept, gpu=False)
        assert decided(Runtime(kind=Kind.OPENCLIP), kept=kept, gpu=False)
        assert not decided(Runtime(kind=Kind.ONNX, device="cuda"), kept=kept, gpu=True)


def test_nobody_asks_for_a_gpu_in_vain():
    """To ask is to import torch: not for models that could not be run there."""
    for runtime in (Runtime(kind=Kind.ONNX), Runtime(device="cpu")):
        assert not takes_torch(runtime, kept=True, gpu=lambda: pytest.fail("torch was asked"))
    assert not takes_torch(Runtime(), kept=False, gpu=lambda: pytest.fail("torch was asked"))
