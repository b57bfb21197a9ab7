"""What the figures were measured on: they mean nothing without it."""

import os
import platform
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

FLAGS = ("avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8", "asimd", "asimddp")  # what the engines have kernels for
PACKAGES = ("onnxruntime", "qdrant-edge-py", "fastapi", "pydantic", "uvicorn", "pillow", "numpy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """`memory` in GiB; `flags`: those of the processor's that the engines make use of."""

    processor: str
    cores: int
    memory: float
    flags: tuple[str, ...]
    system: str
    python: str
    packages: dict[str, str]

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def parse_processor(cpuinfo: str) -> tuple[str, tuple[str, ...]]:
    """Model name and flags of interest of the first core in /proc/cpuinfo; `unknown` where it does not say."""
    facts: dict[str, str] = {}
    for line in cpuinfo.splitlines():
        name, _, value = line.partition(":")
        facts.setdefault(name.strip(), value.strip())
    present = set((facts.get("flags") or facts.get("Features") or "").split())
    named = facts.get("model name", "unknown")
    family = ", ".join(f"{word} {facts[key]}" for word, key in (("family", "cpu family"), ("model", "model")) if key in facts)
    return f"{named} ({family})" if family else named, tuple(flag for flag in FLAGS if flag in present)


def this_machine() -> Machine:
    """Of a machine without /proc, only what Python knows."""
    cpuinfo = Path("/proc/cpuinfo")
    processor, flags = parse_processor(cpuinfo.read_text("utf-8") if cpuinfo.exists() else "")
    return Machine(
        processor=processor,
        cores=len(os.sched_getaffinity(0)),
        memory=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        flags=flags,
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        packages={name: version(name) for name in PACKAGES},
    )
