"""From LLVM code to functions of this process, for the very processor that it runs on."""

import ctypes
import importlib.util
import platform
from functools import cache
from pathlib import Path
from typing import Any

NEEDED = frozenset({"avx2", "fma", "f16c"})
BETTER = frozenset({"avx512_vnni", "avx_vnni"})  # products of eight bits in one instruction, which ONNX Runtime has kernels for


@cache
def processor() -> frozenset[str]:
    """What Linux says that the processor can do; nothing on others than x86-64."""
    try:
        lines = Path("/proc/cpuinfo").read_text("ascii").splitlines()
    except (OSError, ValueError):
        return frozenset()
    flags = next((line for line in lines if line.startswith("flags")), "")
    return frozenset(flags.partition(":")[2].split()) if platform.machine() == "x86_64" else frozenset()


def can_compile() -> bool:
    """Whether llvmlite is installed, and the kernels can run here."""
    return processor() >= NEEDED and importlib.util.find_spec("llvmlite") is not None


class Functions:
    """The functions of one module, which live as long as this object does."""

    def __init__(self, module: Any) -> None:
        import llvmlite.binding as llvm  # noqa: PLC0415  # 100 MB, and an extra

        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        target = llvm.Target.from_default_triple()
        machine = target.create_target_machine(cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=3)
        parsed = llvm.parse_assembly(str(module))
        passes = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=3))
        passes.getModulePassManager().run(parsed, passes)
        self._engine = llvm.create_mcjit_compiler(parsed, machine)
        self._engine.finalize_object()

    def address(self, name: str) -> int:
        return int(self._engine.get_function_address(name))

    def call(self, name: str, *kinds: Any) -> Any:
        """As ctypes calls it: other threads of Python go on meanwhile."""
        return ctypes.CFUNCTYPE(None, *kinds)(self.address(name))
