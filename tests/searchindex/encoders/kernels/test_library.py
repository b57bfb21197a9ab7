"""Translated kernels as a file, and as functions of a process."""

import ctypes
import sys

import numpy as np
import pytest

pytest.importorskip("llvmlite", reason="llvmlite is not installed: it is for Linux on x86-64")
from llvmlite import ir

from searchindex.encoders.kernels import library as libraries
from searchindex.encoders.kernels.build import build, translate
from searchindex.encoders.kernels.emit import I32, Code, Kernel
from searchindex.encoders.kernels.library import has_kernels, library, loaded
from searchindex.encoders.kernels.signatures import ARGUMENTS


@pytest.fixture(scope="module")
def built() -> bytes:
    return build()


@pytest.fixture
def in_an_image(monkeypatch, tmp_path, built):
    """What the package brings, without a compiler."""
    path = tmp_path / "x86-64-v3"
    path.write_bytes(built)
    monkeypatch.setattr(libraries, "BUILT", path)
    monkeypatch.setitem(sys.modules, "searchindex.encoders.kernels.build", None)
    library.cache_clear()
    yield path
    library.cache_clear()


def test_the_same_sources_make_the_same_file(built):
    """An image that is built again is the same one."""
    assert build() == built


def test_an_image_needs_no_compiler(in_an_image, monkeypatch):
    """Its file alone has every kernel."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    assert has_kernels()
    assert len({library().address(name) for name in (*ARGUMENTS, "lead", "serve")}) == len(ARGUMENTS) + 2
    in_an_image.unlink()
    assert not has_kernels()


@pytest.mark.usefixtures("in_an_image")
def test_a_file_of_other_sources_is_refused(monkeypatch):
    """Arguments in another order would make a kernel write anywhere."""
    monkeypatch.setattr(libraries, "sources", lambda: "others")
    with pytest.raises(ValueError, match="made of other sources: remove it, or build it again"):
        library()


def test_code_runs_wherever_it_lies():
    """Twice in one process, with constants and calls of its own."""
    module = ir.Module("test")
    code = Kernel(module, "triple", ("values",))
    values = code.pointer("values")
    code.store_floats(code.build.fmul(code.load_floats(values, 0), code.splat(3.0)), values, 0)
    code.end()
    content = translate(module)
    first, second = loaded(content), loaded(content)
    assert first.address("triple") != second.address("triple")
    for each in (first, second):
        numbers = np.arange(8, dtype=np.float32)
        words = np.array([numbers.ctypes.data])
        each.call("triple", ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)(words.ctypes.data, 0, 1)
        assert numbers.tolist() == [3 * number for number in range(8)]


def test_what_is_not_there_is_no_kernel():
    """A reference to another library is found out when the kernels are built, not when they run."""
    module = ir.Module("test")
    other = ir.Function(module, ir.FunctionType(I32, []), "somewhere_else")
    code = Code(module, "asks", ir.FunctionType(I32, []))
    code.build.ret(code.build.call(other, []))
    with pytest.raises(ValueError, match="outside of them"):
        translate(module)
