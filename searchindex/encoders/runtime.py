"""What a prepared model is run with, as the environment says it: ONNX Runtime or kernels of our own on the CPU, or torch with open_clip
on a GPU.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from searchindex.encoders.openclip_run import Autocast

AUTO = "auto"


class Kind(StrEnum):
    """`AUTO`: open_clip where a GPU is asked for, or is there and the folder keeps open_clip's weights; else compiled kernels
    for a text tower where these are the faster ones (`compiled.py`), and ONNX Runtime for all others.
    """

    AUTO = "auto"
    ONNX = "onnx"
    COMPILED = "compiled"
    OPENCLIP = "openclip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """`device`: torch's, or `auto` for a GPU where there is one. What is None follows from the device. `threads`: of one inference
    on the CPU; None is one per core (`cores.py`). On the CPU the threads alone are heeded.
    """

    kind: Kind = Kind.AUTO
    device: str = AUTO
    autocast: Autocast | None = None
    compiled: bool | None = None
    threads: int | None = None


def takes_torch(runtime: Runtime, *, kept: bool, gpu: Callable[[], bool]) -> bool:
    """`kept`: whether the model's folder keeps open_clip's weights. `gpu` is asked, which takes seconds, only where that decides.

    A GPU that is asked for by its name is never left aside in silence, whatever the folder holds.
    """
    if runtime.kind is not Kind.AUTO:
        return runtime.kind is Kind.OPENCLIP
    return kept and gpu() if runtime.device == AUTO else runtime.device != "cpu"


def _device(text: str) -> str:
    if re.fullmatch(r"auto|cpu|cuda(:[0-9]{1,3})?", text) is None:
        raise PydanticCustomError("device", "must be auto, cpu, cuda, or one GPU by its number, such as cuda:1")
    return text


class RuntimeSettings(BaseSettings):
    """Each field is read from the variable of its name in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)

    force_cpu: bool = Field(False, description="Encode on the CPU, whatever GPU is there.")
    encoder_runtime: Literal["auto", "onnx", "compiled", "openclip"] = Field(
        "auto",
        description="`onnx`: ONNX Runtime, on the CPU. `compiled`: the same, but text towers in eight bits by kernels of our own "
        "(x86-64 with AVX2). `openclip`: torch, for models exported with `--keep-weights`. `auto`: the last where TORCH_DEVICE "
        "names a GPU, or one is there and the model keeps its weights; else `compiled` where the processor has no VNNI.",
    )
    torch_device: Annotated[str, AfterValidator(_device)] = Field(
        AUTO, description="Of `openclip`: `cpu`, `cuda`, `cuda:1`; `auto` takes a GPU where there is one."
    )
    torch_autocast: Literal["auto", "off", "bfloat16", "float16"] = Field(
        "auto", description="What `openclip` multiplies in; `auto`: float32 (`off`) on a CPU, bfloat16 or else float16 on a GPU."
    )
    torch_compile: Literal["auto", "on", "off"] = Field(
        "auto", description="Compile text towers, and the picture tower of indexing; `auto`: on a GPU, where there is a C compiler."
    )

    @field_validator("torch_device")
    @classmethod
    def _no_gpu_where_the_cpu_is_forced(cls, value: str, info: ValidationInfo) -> str:
        """What contradicts FORCE_CPU is refused, rather than one of the two forgotten."""
        if info.data.get("force_cpu") and value.startswith("cuda"):
            raise PydanticCustomError("device", "must be auto or cpu where FORCE_CPU is set")
        return value

    def runtime(self, *, threads: int | None = None) -> Runtime:
        return Runtime(
            kind=Kind(self.encoder_runtime),
            device="cpu" if self.force_cpu else self.torch_device,
            autocast=None if self.torch_autocast == AUTO else Autocast(self.torch_autocast),
            compiled=None if self.torch_compile == AUTO else self.torch_compile == "on",
            threads=threads,
        )
