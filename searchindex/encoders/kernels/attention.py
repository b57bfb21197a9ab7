"""Causal attention of rows to those before them in their text, whose keys and values are kept, and to a first one that all texts share."""

import math
from collections.abc import Callable
from typing import Any

from llvmlite import ir

from searchindex.encoders.kernels.emit import F32, FLOATS, I64, Kernel, Value
from searchindex.encoders.kernels.functions import exp
from searchindex.encoders.kernels.layout import CONTEXT, LANES
from searchindex.encoders.kernels.signatures import ATTEND, ATTEND_LAST, HEADS, REMEMBER, attend, attend_last

_NEVER = -1e30


def add_attention(module: Any) -> None:
    """The kernels `remember`, and `attend_` and `attend_last_` for each size of a head.

    `packed` [rows, 3 width] holds query, key and value of each row. `remember` keeps the latter in `kept` [slots, 2 width].
    `attend` goes through all rows to `out` [rows, width], each a place in a text, whose row of `chains` int64 [texts, CONTEXT] names the
    slot of each place; `attend_last` through the rows that `last` names, to `out` [len(last), width]; `rows` says how many these are.
    `key` and `value` [width] are those of the first token of all texts.
    """
    _remember(module)
    for size in HEADS:
        _attend(Kernel(module, attend(size), ATTEND), size, row=lambda _code, out: out)
        _attend(Kernel(module, attend_last(size), ATTEND_LAST), size, row=lambda code, out: code.load(code.pointer("last"), out, I64))


def _attend(code: Kernel, size: int, *, row: Callable[[Kernel, Value], Value]) -> None:
    """All heads of all rows; `row` is the one that is wanted at a place of the output."""
    build, heads = code.build, code.word("heads")
    with code.shared(build.mul(code.load(code.pointer("rows"), 0, I64), heads)) as each:
        out = build.udiv(each, heads)
        _Head(code, size, row=row(code, out), column=build.mul(build.urem(each, heads), I64(size))).attend(out)
    code.end()


def _remember(module: Any) -> None:
    code = Kernel(module, "remember", REMEMBER)
    build, width = code.build, code.word("width")
    both, all_three = (build.mul(width, I64(parts)) for parts in (2, 3))
    with code.shared(code.load(code.pointer("rows"), 0, I64)) as row:
        source = build.add(build.mul(row, all_three), width)
        kept = build.mul(code.load(code.pointer("slots"), row, I64), both)
        with code.loop(both, step=LANES) as column:
            value = code.load_floats(code.pointer("packed"), build.add(source, column))
            code.store_floats(value, code.pointer("kept"), build.add(kept, column))
    code.end()


class _Head:
    """One head of one row; `column` is its first."""

    def __init__(self, code: Kernel, size: int, *, row: Value, column: Value) -> None:
        self._code, self._size, self._column = code, size, column
        build, width = code.build, code.word("width")
        self._query = self._vectors(code.pointer("packed"), build.mul(build.mul(row, I64(3)), width))
        self._seen = build.add(code.load(code.pointer("places"), row, I64), I64(1))  # itself among them
        text = code.load(code.pointer("texts"), row, I64)
        self._chain = code.at(code.pointer("chains"), build.mul(text, I64(CONTEXT)), I64)
        self._scores = code.room(F32, CONTEXT + LANES)

    def attend(self, out: Value) -> None:
        code, build = self._code, self._code.build
        self._score()
        total = self._soften(build.add(self._seen, I64(1)))
        factor = code.splat(build.fdiv(ir.Constant(F32, 1.0), total))
        begin = build.add(build.mul(out, code.word("width")), self._column)
        for number, mixed in enumerate(self._mixed()):
            code.store_floats(build.fmul(mixed, factor), code.pointer("out"), build.add(begin, I64(number * LANES)))

    def _vectors(self, pointer: Value, begin: Value) -> list[Value]:
        """Those of this head, of the row that begins there."""
        code = self._code
        at = code.build.add(begin, self._column)
        return [code.load_floats(pointer, code.build.add(at, I64(each))) for each in range(0, self._size, LANES)]

    def _kept(self, place: Value, number: int) -> list[Value]:
        """The key, or the value, of a place of the text."""
        code, build = self._code, self._code.build
        begin = build.mul(build.add(build.mul(code.load(self._chain, place, I64), I64(2)), I64(number)), code.word("width"))
        return self._vectors(code.pointer("kept"), begin)

    def _score(self) -> None:
        code, build = self._code, self._code.build
        query = [build.fmul(each, code.splat(1 / math.sqrt(self._size))) for each in self._query]
        code.store(self._dot(query, self._vectors(code.pointer("key"), I64(0))), self._scores, 0)
        with code.loop(self._seen) as place:
            code.store(self._dot(query, self._kept(place, 0)), self._scores, build.add(place, I64(1)))
        code.store_floats(code.splat(_NEVER), self._scores, build.add(self._seen, I64(1)))  # to a whole number of vectors

    def _dot(self, query: list[Value], key: list[Value]) -> Value:
        total = self._code.splat(0.0)
        for one, other in zip(query, key, strict=True):
            total = self._code.fma(one, other, total)
        return self._code.sum(total)

    def _soften(self, count: Value) -> Value:
        """Scores to their exponentials, and the sum of these."""
        code, build = self._code, self._code.build
        peak, total = code.variable(code.splat(_NEVER)), code.variable(code.splat(0.0))
        with code.loop(count, step=LANES) as at:
            peak.value = code.intrinsic("llvm.maxnum.v8f32", FLOATS, peak.value, code.load_floats(self._scores, at))
        highest = code.splat(code.largest(peak.value))
        with code.loop(count, step=LANES) as at:
            value = exp(code, build.fsub(code.load_floats(self._scores, at), highest))
            code.store_floats(value, self._scores, at)
            total.value = build.fadd(total.value, value)
        return code.sum(total.value)

    def _mixed(self) -> list[Value]:
        """The values, each as much as its score says."""
        code, build = self._code, self._code.build
        share = code.splat(code.load(self._scores, 0, F32))
        totals = [code.variable(build.fmul(share, each)) for each in self._vectors(code.pointer("value"), I64(0))]
        with code.loop(self._seen) as place:
            share = code.splat(code.load(self._scores, build.add(place, I64(1)), F32))
            for total, value in zip(totals, self._kept(place, 1), strict=True):
                total.value = code.fma(share, value, total.value)
        return [total.value for total in totals]
