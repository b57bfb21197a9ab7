"""The kernels as functions of this process: those that an image brings, or else built by llvmlite in memory."""

import ctypes
import hashlib
import importlib.util
import json
import mmap
import os
import platform
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

NEEDED = frozenset({"avx2", "fma", "f16c", "bmi2"})
BETTER = frozenset({"avx512_vnni", "avx_vnni"})  # products of eight bits in one instruction, which ONNX Runtime has kernels for
FOLDER = Path(__file__).parent
BUILT = FOLDER / "x86-64-v3"  # in an image
_END = 8  # bytes behind all: how many of the first ones are code


@cache
def processor() -> frozenset[str]:
    """What Linux says that the processor can do; nothing on others than x86-64."""
    try:
        lines = Path("/proc/cpuinfo").read_text("ascii").splitlines()
    except (OSError, ValueError):
        return frozenset()
    flags = next((line for line in lines if line.startswith("flags")), "")
    return frozenset(flags.partition(":")[2].split()) if platform.machine() == "x86_64" else frozenset()


def has_kernels() -> bool:
    """Whether they can run here, and are there or can be built."""
    return processor() >= NEEDED and (BUILT.is_file() or importlib.util.find_spec("llvmlite") is not None)


class Library:
    """Code in memory, from a file with what `pack` gives: as long as this object lives. ValueError where it was made of other sources."""

    def __init__(self, file: BinaryIO) -> None:
        content = file.read()
        code = int.from_bytes(content[-_END:], "little")
        head = json.loads(content[code:-_END])
        if head["sources"] != sources():
            raise ValueError(f"{file.name} was made of other sources: remove it, or build it again")
        self._functions: dict[str, int] = head["functions"]
        self._memory = mmap.mmap(file.fileno(), code, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_EXEC)
        self._begin = np.frombuffer(self._memory, np.uint8).ctypes.data

    def address(self, name: str) -> int:
        return self._begin + self._functions[name]

    def call(self, name: str, *kinds: Any) -> Any:
        """As ctypes calls it: other threads of Python go on meanwhile."""
        return ctypes.CFUNCTYPE(None, *kinds)(self.address(name))


@cache
def library() -> Library:
    """The one of this process, with all kernels. ValueError where those of the image are not of these sources."""
    if BUILT.is_file():
        with BUILT.open("rb") as file:
            return Library(file)
    from searchindex.encoders.kernels.build import build  # noqa: PLC0415  # with llvmlite, which is not everywhere

    return loaded(build())


def loaded(content: bytes) -> Library:
    """Without a file that anybody else could see."""
    with os.fdopen(os.memfd_create("kernels"), "w+b") as file:
        file.write(content)
        file.seek(0)
        return Library(file)


def pack(code: bytes, functions: dict[str, int]) -> bytes:
    """Code, then its functions and the digest of the sources as JSON, then how long the code is."""
    head = json.dumps({"functions": functions, "sources": sources()}).encode()
    return code + head + len(code).to_bytes(_END, "little")


def sources() -> str:
    """A digest of what the kernels are made of."""
    found = hashlib.sha256()
    for path in sorted(FOLDER.glob("*.py")):
        found.update(path.read_bytes())
    return found.hexdigest()
