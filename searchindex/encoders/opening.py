"""The encoders of a prepared model, in the runtime that was asked for: the one place where that is decided."""

import importlib.util
from collections.abc import Callable

from searchindex.encoders import compiled, onnx, openclip_prepared
from searchindex.encoders.openclip_packages import HINT
from searchindex.encoders.runtime import Kind, Runtime, takes_torch
from searchindex.errors import InvalidInput, ModelUnavailable
from searchindex.models import PreparedModel
from searchindex.ports import ImageEncoder, TextEncoder


def check_runtime(model: PreparedModel, runtime: Runtime) -> None:
    """InvalidInput where the settings ask for torch, or for compiled kernels, and this installation, the machine or the model's folder
    has not what that takes.

    Costs no import of torch: a program looks before it serves, and whether there is a GPU shows when the model is opened.
    """
    if runtime.kind is Kind.COMPILED:
        _check(compiled.check, model, "ENCODER_RUNTIME is compiled")
    if not takes_torch(runtime, kept=model.openclip is not None, gpu=lambda: False):
        return
    asked = "ENCODER_RUNTIME is openclip" if runtime.kind is Kind.OPENCLIP else f"TORCH_DEVICE is {runtime.device}"
    for package in ("torch", "open_clip"):
        if importlib.util.find_spec(package) is None:
            raise InvalidInput(f"{asked}, but {package} is not installed.", hint=HINT)
    _check(openclip_prepared.kept_files, model, asked)


def open_text_encoder(model: PreparedModel, runtime: Runtime, *, batches: int = 1) -> TextEncoder:
    """Ready to answer up to `batches` texts at once: compared with the reference, and compiled where it is to be.

    ModelUnavailable where anything is missing, damaged, or not as the reference has it.
    """
    if _torch(model, runtime):
        return openclip_prepared.open_text_encoder(model, runtime, batches=batches)
    if _compiled(model, runtime):
        return compiled.open_text_encoder(model, threads=runtime.threads)
    return onnx.open_text_encoder(model, threads=runtime.threads)


def open_image_encoder(model: PreparedModel, runtime: Runtime) -> ImageEncoder:
    """As `open_text_encoder`. ONNX Runtime takes one thread per core, whatever `runtime` says of texts."""
    if _torch(model, runtime):
        return openclip_prepared.open_image_encoder(model, runtime)
    return onnx.open_image_encoder(model)


def _check(check: Callable[[PreparedModel], object], model: PreparedModel, asked: str) -> None:
    try:
        check(model)
    except ModelUnavailable as error:
        raise InvalidInput(f"{asked}: {error.message}", hint=error.hint) from None


def _compiled(model: PreparedModel, runtime: Runtime) -> bool:
    return runtime.kind is Kind.COMPILED or (runtime.kind is Kind.AUTO and compiled.suits(model))


def _torch(model: PreparedModel, runtime: Runtime) -> bool:
    return takes_torch(runtime, kept=model.openclip is not None, gpu=openclip_prepared.gpu_is_there)
