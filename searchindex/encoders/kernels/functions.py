"""Exponentials and activations of eight floats at once."""

import math

from llvmlite import ir

from searchindex.encoders.kernels.emit import FLOATS, I32, Code, Value
from searchindex.encoders.kernels.layout import LANES
from searchindex.encoders.towers import Activation

_INTS = ir.VectorType(I32, LANES)
# e^r for |r| <= ln 2 / 2: Taylor's series, whose first term left out is below half a step of float32.
_TERMS = [1 / math.factorial(n) for n in range(7, -1, -1)]
_LN2_HIGH, _LN2_LOW = 0.693359375, -2.12194440e-4  # of which the first, times any exponent, has no rounding (Cody and Waite, 1980)
_LEAST, _MOST = -87.0, 88.0  # beyond them float32 has no more powers of e
# Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26: at most 1.5e-7 away.
_ERF_AT = 0.3275911
_ERF = (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)


def exp(code: Code, x: Value) -> Value:
    """e^x, to a unit or two in the last place; x is taken for the nearest of -87..88."""
    build = code.build
    x = _least(code, _most(code, x, _LEAST), _MOST)
    power = code.intrinsic("llvm.rint.v8f32", FLOATS, build.fmul(x, code.splat(1 / math.log(2))))
    rest = code.fma(power, code.splat(-_LN2_HIGH), x)
    rest = code.fma(power, code.splat(-_LN2_LOW), rest)
    found = polynomial(code, rest, _TERMS)
    exponent = build.shl(build.fptosi(power, _INTS), ir.Constant(_INTS, [23] * LANES))
    return build.bitcast(build.add(build.bitcast(found, _INTS), exponent), FLOATS)


def polynomial(code: Code, x: Value, terms: "list[float] | tuple[float, ...]") -> Value:
    """The coefficient of the highest power first."""
    found = code.splat(terms[0])
    for term in terms[1:]:
        found = code.fma(found, x, code.splat(term))
    return found


def activate(code: Code, activation: Activation, x: Value) -> Value:
    """The three functions as their papers give them; tanh by way of the logistic function, which is the same curve."""
    build = code.build
    if activation is Activation.QUICK_GELU:
        return _swish(code, x, build.fmul(x, code.splat(1.702)))
    if activation is Activation.GELU_TANH:
        cubic = code.fma(build.fmul(x, x), code.splat(0.044715), code.splat(1.0))
        return _swish(code, x, build.fmul(build.fmul(x, cubic), code.splat(2 * math.sqrt(2 / math.pi))))
    half = build.fmul(x, code.splat(0.5))
    return code.fma(half, erf(code, build.fmul(x, code.splat(math.sqrt(0.5)))), half)


def erf(code: Code, x: Value) -> Value:
    build = code.build
    size = code.intrinsic("llvm.fabs.v8f32", FLOATS, x)
    t = build.fdiv(code.splat(1.0), code.fma(size, code.splat(_ERF_AT), code.splat(1.0)))
    tail = build.fmul(build.fmul(polynomial(code, t, _ERF), t), exp(code, build.fneg(build.fmul(x, x))))
    return code.intrinsic("llvm.copysign.v8f32", FLOATS, build.fsub(code.splat(1.0), tail), x)


def _swish(code: Code, x: Value, slope: Value) -> Value:
    """That is, x / (1 + e^-slope)."""
    return code.build.fdiv(x, code.build.fadd(code.splat(1.0), exp(code, code.build.fneg(slope))))


def _most(code: Code, x: Value, bound: float) -> Value:
    return code.intrinsic("llvm.maxnum.v8f32", FLOATS, x, code.splat(bound))


def _least(code: Code, x: Value, bound: float) -> Value:
    return code.intrinsic("llvm.minnum.v8f32", FLOATS, x, code.splat(bound))
