"""Causal attention of the rows of texts that lie one after the other, to themselves and to a first row that they all share."""

import math
from typing import Any

from searchindex.encoders.kernels.emit import F32, FLOATS, I64, Kernel, Value
from searchindex.encoders.kernels.functions import exp
from searchindex.encoders.kernels.layout import CONTEXT, LANES

ARGUMENTS = ("texts", "starts", "packed", "key", "value", "out", "width", "heads")
_NEVER = -1e30


def add_attention(module: Any, size: int) -> None:
    """Kernels over `ARGUMENTS`: `attend` for all rows, `attend_last` for the last one of each text. `size`: floats of a head.

    `packed` float32 [rows, 3 width] holds query, key and value of each row, `key` and `value` [width] those of the first row of
    all texts; `texts` says how many (`layout.row_words`), `starts` [texts + 1] the first row of each text and where the last one ends.
    `out` [rows, width], or [texts, width].
    """
    for name, last in (("attend", False), ("attend_last", True)):
        code = Kernel(module, name, ARGUMENTS)
        build, heads = code.build, code.word("heads")
        with code.shared(build.mul(code.load(code.pointer("texts"), 0, I64), heads)) as each:
            _Head(code, size, text=build.udiv(each, heads), column=build.mul(build.urem(each, heads), I64(size))).attend(last=last)
        code.end()


class _Head:
    """One head of one text; `column` is its first."""

    def __init__(self, code: Kernel, size: int, *, text: Value, column: Value) -> None:
        self._code, self._size, self._text, self._column = code, size, text, column
        self._starts, self._stride = code.pointer("starts"), code.build.mul(code.word("width"), I64(3))
        self._scores = code.room(F32, CONTEXT + LANES)

    def attend(self, *, last: bool) -> None:
        code, build = self._code, self._code.build
        first, end = (code.load(self._starts, build.add(self._text, I64(each)), I64) for each in range(2))
        with code.loop(end, begin=build.sub(end, I64(1)) if last else first) as row:
            before = build.add(build.sub(row, first), I64(1))  # rows of its text that it sees, itself among them
            self._score(row, first, before)
            factor = code.splat(build.fdiv(code.build.sitofp(I64(1), F32), self._soften(build.add(before, I64(1)))))
            for at, total in self._mixed(first, before):
                out = build.add(build.mul(self._text if last else row, code.word("width")), build.add(self._column, I64(at)))
                code.store_floats(build.fmul(total, factor), code.pointer("out"), out)

    def _vectors(self, pointer: Value, begin: Value) -> list[Value]:
        """Those of this head, of the row that begins there."""
        code = self._code
        at = code.build.add(begin, self._column)
        return [code.load_floats(pointer, code.build.add(at, I64(each))) for each in range(0, self._size, LANES)]

    def _part(self, row: Value, number: int) -> list[Value]:
        """Query, key or value of a row."""
        build = self._code.build
        begin = build.add(build.mul(row, self._stride), build.mul(self._code.word("width"), I64(number)))
        return self._vectors(self._code.pointer("packed"), begin)

    def _score(self, row: Value, first: Value, before: Value) -> None:
        code, build = self._code, self._code.build
        query = [build.fmul(each, code.splat(1 / math.sqrt(self._size))) for each in self._part(row, 0)]
        code.store(self._dot(query, self._vectors(code.pointer("key"), I64(0))), self._scores, 0)
        with code.loop(before) as each:
            code.store(self._dot(query, self._part(build.add(first, each), 1)), self._scores, build.add(each, I64(1)))
        code.store_floats(code.splat(_NEVER), self._scores, build.add(before, I64(1)))  # to a whole number of vectors

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

    def _mixed(self, first: Value, before: Value) -> list[tuple[int, Value]]:
        """The values, each as much as its score says, and where in the head they begin."""
        code, build = self._code, self._code.build
        share = code.splat(code.load(self._scores, 0, F32))
        totals = [code.variable(build.fmul(share, each)) for each in self._vectors(code.pointer("value"), I64(0))]
        with code.loop(before) as each:
            share = code.splat(code.load(self._scores, build.add(each, I64(1)), F32))
            for total, value in zip(totals, self._part(build.add(first, each), 2), strict=True):
                total.value = code.fma(share, value, total.value)
        return [(number * LANES, total.value) for number, total in enumerate(totals)]
