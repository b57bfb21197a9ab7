"""Exponentials and activations, against the standard library's."""

import ctypes
import math

import numpy as np
import pytest

pytest.importorskip("llvmlite", reason="llvmlite is not installed: it is for Linux on x86-64")
from llvmlite import ir

from searchindex.encoders.kernels import functions
from searchindex.encoders.kernels.build import translate
from searchindex.encoders.kernels.emit import Kernel
from searchindex.encoders.kernels.layout import LANES
from searchindex.encoders.kernels.library import loaded
from searchindex.encoders.towers import Activation
from tests.searchindex.encoders.towers import _activated

VALUES = np.concatenate([np.linspace(-12, 12, 40_000), np.linspace(-1e-3, 1e-3, 800), [0, -0.0, 88, -87, 1e30, -1e30] + [0] * 2]).astype(
    np.float32
)


def applied(emit) -> np.ndarray:
    """VALUES through the code that `emit` writes."""
    module = ir.Module("test")
    code = Kernel(module, "apply", ("values", "count"))
    with code.loop(code.word("count"), step=LANES) as at:
        code.store_floats(emit(code, code.load_floats(code.pointer("values"), at)), code.pointer("values"), at)
    code.end()
    library, values = loaded(translate(module)), VALUES.copy()
    words = np.array([values.ctypes.data, len(values)], np.int64)
    library.call("apply", ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)(words.ctypes.data, 0, 1)
    return values


def test_exponentials_are_right_to_the_last_places():
    """Softmax and all activations rest on them; beyond what float32 holds they stay finite."""
    found, within = applied(functions.exp), np.abs(VALUES) < 80
    assert np.allclose(found[within], np.exp(VALUES[within].astype(np.float64)), rtol=4e-7, atol=0)
    assert np.isfinite(found).all()


def test_the_error_function_is_as_near_as_its_source_says():
    """1.5e-7, and some roundings of float32."""
    expected = np.array([math.erf(value) for value in VALUES])
    assert np.abs(applied(functions.erf) - expected).max() < 6e-7


@pytest.mark.parametrize("activation", Activation)
def test_activations_are_the_papers(activation):
    """To a rounding of the value itself, from the far negative to the far positive."""
    found = applied(lambda code, x: functions.activate(code, activation, x))
    with np.errstate(over="ignore"):
        expected = _activated(activation, VALUES.astype(np.float64))
    assert np.allclose(found, expected, rtol=2e-6, atol=1e-6)
