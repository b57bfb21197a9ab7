"""Rows times weights of eight bits: the kernels in which nearly all of a query's time goes.

Both sides are multiplied as sixteen bits, two by two (`vpmaddwd`), which nothing saturates: the weights are widened as they are read, the
rows may keep more than eight bits, at no cost. Up to six rows meet a panel of sixteen columns at a time, which is what sixteen
registers hold; meanwhile the next panel is asked for from memory.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir

from searchindex.encoders.kernels import signatures
from searchindex.encoders.kernels.emit import F32, FLOATS, I8, I16, I32, I64, NOTHING, POINTER, Code, Kernel, Value
from searchindex.encoders.kernels.functions import activate
from searchindex.encoders.kernels.layout import COLUMNS, GROUP, LANES
from searchindex.encoders.towers import Activation

_VECTORS = COLUMNS // LANES
_STEP = 2  # pairs of inputs at a time: 64 bytes of a panel, a line of the cache
_SUMS = ir.VectorType(I32, LANES)
_WIDE = ir.VectorType(I16, 2 * LANES)
_NARROW = ir.VectorType(I8, 2 * LANES)
_TILE = ir.FunctionType(NOTHING, [POINTER, POINTER, I64, POINTER, I64, POINTER])

Finish = Callable[[Kernel, Value, Value, Value], None]  # kernel, value, out, index of its first float


def add_products(module: Any) -> None:
    """The kernels `multiply`, which stores the products, `accumulate`, which adds them to what is there, and one for each activation."""
    tiles = [_tile(module, size) for size in range(1, GROUP + 1)]
    _product(module, "multiply", tiles, Kernel.store_floats)
    _product(module, "accumulate", tiles, _accumulated)
    for activation in Activation:
        _product(module, signatures.activate(activation), tiles, _activated(activation))


def _accumulated(code: Kernel, value: Value, out: Value, index: Value) -> None:
    code.store_floats(code.build.fadd(value, code.load_floats(out, index)), out, index)


def _activated(activation: Activation) -> Finish:
    return lambda code, value, out, index: code.store_floats(activate(code, activation, value), out, index)


def _tile(module: Any, size: int) -> Any:
    """`size` rows by a panel, over all inputs: (weights, rows, pairs, ahead, stride, sums) -> int32 [size, COLUMNS] in `sums`.

    `ahead` is fetched from memory meanwhile, `stride` bytes further with each line of the panel.
    """
    code = Code(module, f"tile{size}", _TILE)
    weights, rows, pairs, ahead, stride, sums = code.function.args
    totals = [code.variable(ir.Constant(_SUMS, [0] * LANES)) for _ in range(size * _VECTORS)]
    fetched = code.variable(ahead)
    with code.loop(pairs, step=_STEP) as first:
        _fetch(code, fetched.value)
        fetched.value = code.at(fetched.value, stride, I8)
        for pair in (code.build.add(first, I64(each)) for each in range(_STEP)):
            _multiply_pair(code, pair, weights, rows, totals, size)
    for place, total in enumerate(totals):
        code.store(total.value, sums, place)
    code.build.ret_void()
    return code.function


def _multiply_pair(code: Code, pair: Value, weights: Value, rows: Value, totals: list[Any], size: int) -> None:
    build = code.build
    panel = code.at(weights, build.mul(pair, I64(2 * COLUMNS)), I8)
    wide = [build.sext(code.load(panel, vector, _NARROW), _WIDE) for vector in range(_VECTORS)]
    for row in range(size):
        two = code.load(rows, build.add(build.mul(pair, I64(size)), I64(row)), I32)
        both = build.bitcast(code.splat(two), _WIDE)
        for vector, columns in enumerate(wide):
            total = totals[row * _VECTORS + vector]
            total.value = build.add(total.value, code.intrinsic("llvm.x86.avx2.pmadd.wd", _SUMS, both, columns))


def _fetch(code: Code, address: Value) -> None:
    reading, near, data = I32(0), I32(3), I32(1)
    code.intrinsic("llvm.prefetch.p0", NOTHING, address, reading, near, data)


def _product(module: Any, name: str, tiles: list[Any], finish: Finish) -> None:
    code = Kernel(module, name, signatures.MULTIPLY)
    build, groups, sums = code.build, code.pointer("groups"), code.room(I32, GROUP * COLUMNS)
    count = code.load(groups, 0, I64)
    stride = build.udiv(I64(2 * COLUMNS * _STEP), count)
    length = build.mul(code.word("pairs"), I64(2 * COLUMNS))
    with code.shared(build.udiv(code.word("columns"), I64(COLUMNS))) as panel:
        weights = code.at(code.pointer("weights"), build.mul(panel, length), I8)
        with code.loop(count) as group:
            # Each group of rows fetches its part of the next panel.
            ahead = code.at(weights, build.add(length, build.udiv(build.mul(group, length), count)), I8)
            first, size = (code.load(groups, build.add(build.mul(group, I64(2)), I64(1 + each)), I64) for each in range(2))
            rows = code.at(code.pointer("rows"), build.mul(first, code.word("pairs")), I32)
            _call(code, tiles, size, [weights, rows, code.word("pairs"), ahead, stride, sums])
            _finish(code, panel, (first, size), sums, finish)
    code.end()


def _call(code: Code, tiles: list[Any], size: Value, arguments: list[Value]) -> None:
    """The tile for so many rows."""
    done = code.build.append_basic_block()
    choice = code.build.switch(size, done)
    for number, tile in enumerate(tiles, 1):
        block = code.build.append_basic_block()
        choice.add_case(I64(number), block)
        code.build.position_at_end(block)
        code.build.call(tile, arguments)
        code.build.branch(done)
    code.build.position_at_end(done)


def _finish(code: Kernel, panel: Value, group: tuple[Value, Value], sums: Value, finish: Finish) -> None:
    """Scaled back to floats, with the bias, to where they belong."""
    build, column = code.build, code.build.mul(panel, I64(COLUMNS))
    with code.loop(group[1]) as each:
        row = build.add(group[0], each)
        scale = code.splat(code.load(code.pointer("row_scales"), row, F32))
        for vector in range(_VECTORS):
            at = build.add(column, I64(vector * LANES))
            total = build.sitofp(code.load(sums, build.add(build.mul(each, I64(_VECTORS)), I64(vector)), _SUMS), FLOATS)
            both = build.fmul(scale, code.load_floats(code.pointer("column_scales"), at))
            value = code.fma(total, both, code.load_floats(code.pointer("bias"), at))
            finish(code, value, code.pointer("out"), build.add(build.mul(row, code.word("columns")), at))
