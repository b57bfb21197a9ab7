"""How torch runs a tower: on which device, multiplied in what, compiled or not."""

import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from searchindex.encoders.buckets import fill_batch
from searchindex.encoders.openclip_packages import first_line, packages
from searchindex.errors import ModelUnavailable
from searchindex.ports import Vectors


class Autocast(StrEnum):
    """What matrices are multiplied in; all else, and what is added up, is float32."""

    OFF = "off"
    BF16 = "bfloat16"
    FP16 = "float16"

    @property
    def least_cosine(self) -> float:
        """To the vector in float32 of the same text, at start."""
        return 0.999999 if self is Autocast.OFF else 0.995

    @property
    def least_picture_cosine(self) -> float:
        """Of pictures more is asked: they are stored, and compared with the queries of any runtime."""
        return 0.99999 if self is Autocast.OFF else 0.999


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """`device`: torch's name, `cpu`, `cuda` or `cuda:1`. `compiled`: with torch.compile, which takes a C compiler and a minute at start;
    on a GPU each shape of input is then recorded once as a CUDA graph and replayed.
    """

    device: str = "cpu"
    autocast: Autocast = Autocast.OFF
    compiled: bool = False

    def context(self) -> AbstractContextManager[Any]:
        _, torch = packages()
        kind = torch.device(self.device).type
        enabled = self.autocast is not Autocast.OFF
        autocast: AbstractContextManager[Any] = torch.autocast(kind, self.kept(), enabled=enabled)
        return autocast

    def kept(self) -> Any:
        """The type of torch that matrices are kept in: as they are multiplied, or each call would convert all of them."""
        _, torch = packages()
        return torch.float32 if self.autocast is Autocast.OFF else getattr(torch, self.autocast)


def usual_run(device: str, *, autocast: Autocast | None = None, compiled: bool | None = None) -> Run:
    """What is not said follows from the device: a CPU multiplies float32 and compiles nothing, a GPU compiles, where there is a C
    compiler, and multiplies bfloat16, or float16 where it has no arithmetic for that. ModelUnavailable where the device is not there.
    """
    _, torch = packages()
    try:
        gpu = torch.device(device).type == "cuda"
        usual = _half_of(torch, device) if gpu else Autocast.OFF
    except Exception as error:  # torch raises plain RuntimeError and AssertionError
        raise ModelUnavailable(f"There is no device {device}: {first_line(error)}", hint="Name another, such as cpu.") from error
    chosen = gpu and _has_compiler() if compiled is None else compiled
    return Run(device=device, autocast=usual if autocast is None else autocast, compiled=chosen)


def _has_compiler() -> bool:
    """As Triton looks for the one that it makes its launchers with."""
    return any(map(shutil.which, filter(None, (os.environ.get("CC"), "gcc", "clang"))))


def _half_of(torch: Any, device: str) -> Autocast:
    first_with_bfloat16 = (8, 0)
    return Autocast.BF16 if torch.cuda.get_device_capability(device) >= first_with_bfloat16 else Autocast.FP16


class Tower:
    """A function of one tensor [n, ...], called with arrays, run as `run` says. `name`: of the model, for messages."""

    def __init__(self, function: Callable[[Any], Any], run: Run, *, name: str) -> None:
        _, self._torch = packages()
        self._run, self._name = run, name
        # Of symbolic shapes: one compilation for a single row, one for more, and a CUDA graph for each.
        self._function = self._torch.compile(function, mode="reduce-overhead", dynamic=True) if run.compiled else function
        # A CUDA graph is its thread's own: who calls from another would record it once more. So it is always this one.
        self._thread = ThreadPoolExecutor(1, "tower") if run.compiled else None

    def __call__(self, rows: NDArray[np.generic]) -> Vectors:
        """float32 [n, dim]. ModelUnavailable where torch fails."""
        try:
            if self._thread is None:
                return self._features(rows)
            return self._thread.submit(self._features, fill_batch(rows)).result()[: len(rows)]
        except Exception as error:  # torch, its compiler and the driver have no exception in common
            raise ModelUnavailable(f"{self._name} failed on {self._run.device}: {first_line(error)}", hint=self._hint()) from error

    def _features(self, batch: NDArray[np.generic]) -> Vectors:
        with self._torch.inference_mode(), self._run.context():
            features = self._function(self._torch.from_numpy(batch).to(self._run.device))
            vectors: Vectors = features.float().cpu().numpy()
        return vectors

    def _hint(self) -> str:
        return "Look at the device's memory" + (", or do not compile it: that needs a C compiler." if self._run.compiled else ".")
