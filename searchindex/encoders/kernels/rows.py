"""What happens to rows between the products: looked up, normalised, quantised, projected."""

from collections.abc import Callable
from typing import Any

from llvmlite import ir

from searchindex.encoders.kernels.emit import F16, F32, FLOATS, I16, I32, I64, Kernel, Value
from searchindex.encoders.kernels.layout import LANES
from searchindex.encoders.kernels.signatures import EMBED, NORMALIZE, PICK, PROJECT, QUANTIZE, SETTLE

_INTS = ir.VectorType(I32, LANES)
_TINY = 1e-30  # the scale of a row of zeros

Column = Callable[[Value], Value]  # eight floats of a row, from its column on


def add_rows(module: Any) -> None:
    """The kernels `embed`, `pick`, `quantize`, `normalize` (which quantises too), `settle` and `project`."""
    for add in (_embed, _pick, _quantize, _normalize, _settle, _project):
        add(module)


def _embed(module: Any) -> None:
    """A token's row, kept in sixteen bits, and its position's."""
    code = Kernel(module, "embed", EMBED)
    build, width = code.build, code.word("width")
    halves = ir.VectorType(F16, LANES)
    with code.shared(_count(code)) as row:
        token, place = (build.mul(code.load(code.pointer(each), row, I64), width) for each in ("ids", "places"))
        with code.loop(width, step=LANES) as column:
            words = code.load(code.at(code.pointer("tokens"), build.add(token, column), F16), 0, halves)
            position = code.load_floats(code.pointer("positions"), build.add(place, column))
            total = build.fadd(build.fpext(words, FLOATS), position)
            code.store_floats(total, code.pointer("out"), build.add(build.mul(row, width), column))
    code.end()


def _pick(module: Any) -> None:
    """The rows that `last` names."""
    code = Kernel(module, "pick", PICK)
    build, width = code.build, code.word("width")
    with code.shared(_count(code)) as text:
        last = build.mul(code.load(code.pointer("last"), text, I64), width)
        with code.loop(width, step=LANES) as column:
            value = code.load_floats(code.pointer("source"), build.add(last, column))
            code.store_floats(value, code.pointer("out"), build.add(build.mul(text, width), column))
    code.end()


def _quantize(module: Any) -> None:
    code = Kernel(module, "quantize", QUANTIZE)
    with code.shared(_count(code)) as row:
        _quantize_row(code, row, _row(code, row))
    code.end()


def _normalize(module: Any) -> None:
    code = Kernel(module, "normalize", NORMALIZE)
    with code.shared(_count(code)) as row:
        _quantize_row(code, row, _normalized(code, _row(code, row)))
    code.end()


def _settle(module: Any) -> None:
    """The last normalisation, which nothing quantises."""
    code = Kernel(module, "settle", SETTLE)
    with code.shared(_count(code)) as row:
        value = _normalized(code, _row(code, row))
        with code.loop(code.word("width"), step=LANES) as column:
            at = code.build.add(code.build.mul(row, code.word("width")), column)
            code.store_floats(value(column), code.pointer("out"), at)
    code.end()


def _project(module: Any) -> None:
    """In float32: weight [columns, width]."""
    code = Kernel(module, "project", PROJECT)
    build, width, columns = code.build, code.word("width"), code.word("columns")
    with code.shared(columns) as column, code.loop(_count(code)) as row:
        total = code.variable(code.splat(0.0))
        with code.loop(width, step=LANES) as at:
            weights = code.load_floats(code.pointer("weight"), build.add(build.mul(column, width), at))
            values = code.load_floats(code.pointer("source"), build.add(build.mul(row, width), at))
            total.value = code.fma(weights, values, total.value)
        found = build.fadd(code.sum(total.value), code.load(code.pointer("bias"), column, F32))
        code.store(found, code.pointer("out"), build.add(build.mul(row, columns), column))
    code.end()


def _count(code: Kernel) -> Value:
    return code.load(code.pointer("rows"), 0, I64)


def _row(code: Kernel, row: Value) -> Column:
    begin = code.build.mul(row, code.word("width"))
    return lambda column: code.load_floats(code.pointer("source"), code.build.add(begin, column))


def _normalized(code: Kernel, value: Column) -> Column:
    build, width = code.build, code.build.sitofp(code.word("width"), F32)
    epsilon = build.bitcast(build.trunc(code.word("epsilon"), I32), F32)
    mean = code.splat(build.fdiv(_over(code, value), width))
    variance = build.fdiv(_over(code, lambda column: _squared(code, build.fsub(value(column), mean))), width)
    deviation = code.intrinsic("llvm.sqrt.f32", F32, build.fadd(variance, epsilon))
    factor = code.splat(build.fdiv(ir.Constant(F32, 1.0), deviation))

    def normalized(column: Value) -> Value:
        weight, bias = (code.load_floats(code.pointer(each), column) for each in ("weight", "bias"))
        return code.fma(build.fmul(build.fsub(value(column), mean), factor), weight, bias)

    return normalized


def _squared(code: Kernel, value: Value) -> Value:
    return code.build.fmul(value, value)


def _over(code: Kernel, value: Column) -> Value:
    """The sum of a row."""
    total = code.variable(code.splat(0.0))
    with code.loop(code.word("width"), step=LANES) as column:
        total.value = code.build.fadd(total.value, value(column))
    return code.sum(total.value)


def _quantize_row(code: Kernel, row: Value, value: Column) -> None:
    """Scaled so that its largest is `steps`, to where its group has it: pair by pair, those of the group's rows side by side."""
    build = code.build
    peak, most = _peak(code, value), build.sitofp(code.word("steps"), F32)
    code.store(build.fdiv(peak, most), code.pointer("scales"), row)
    factor = code.splat(build.fdiv(most, peak))
    place = build.mul(row, I64(2))
    first, size = (code.load(code.pointer("rows"), build.add(place, I64(1 + each)), I64) for each in range(2))
    pairs = build.udiv(code.word("width"), I64(2))
    begin = build.add(build.mul(first, pairs), build.sub(row, first))
    with code.loop(code.word("width"), step=LANES) as column:
        whole = code.intrinsic("llvm.x86.avx.cvt.ps2dq.256", _INTS, build.fmul(value(column), factor))
        two = build.bitcast(build.trunc(whole, ir.VectorType(I16, LANES)), ir.VectorType(I32, LANES // 2))
        for each in range(LANES // 2):
            pair = build.add(build.udiv(column, I64(2)), I64(each))
            code.store(build.extract_element(two, I32(each)), code.pointer("packed"), build.add(begin, build.mul(pair, size)))


def _peak(code: Kernel, value: Column) -> Value:
    """The largest size of a row's values, and never none."""
    largest = code.variable(code.splat(_TINY))
    with code.loop(code.word("width"), step=LANES) as column:
        size = code.intrinsic("llvm.fabs.v8f32", FLOATS, value(column))
        largest.value = code.intrinsic("llvm.maxnum.v8f32", FLOATS, largest.value, size)
    return code.largest(largest.value)
