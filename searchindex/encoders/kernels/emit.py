"""LLVM code written from Python: loops, vectors of eight floats, and kernels, which a team of threads shares.

A kernel takes its arguments as a row of 64-bit words, so that all of them can be called alike (`team.py`), the number of the thread
that calls it, and how many do.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from llvmlite import ir

from searchindex.encoders.kernels.layout import LANES

I8, I16, I32, I64, F16, F32 = ir.IntType(8), ir.IntType(16), ir.IntType(32), ir.IntType(64), ir.HalfType(), ir.FloatType()
POINTER = ir.PointerType()
NOTHING = ir.VoidType()
FLOATS = ir.VectorType(F32, LANES)
KERNEL = ir.FunctionType(NOTHING, [POINTER, I64, I64])

Value = Any  # llvmlite is untyped: a value of the code that is written


class Code:
    """Writes one function, from its first instruction to its end."""

    def __init__(self, module: Any, name: str, kind: Any) -> None:
        self.module = module
        self.function = ir.Function(module, kind, name)
        self.build = ir.IRBuilder(self.function.append_basic_block())

    def number(self, value: "int | Value") -> Value:
        return I64(value) if isinstance(value, int) else value

    def at(self, pointer: Value, index: "int | Value", kind: Any) -> Value:
        """Where element `index` of an array of `kind` lies."""
        return self.build.gep(pointer, [self.number(index)], source_etype=kind)

    def load(self, pointer: Value, index: "int | Value", kind: Any) -> Value:
        return self.build.load(self.at(pointer, index, kind), align=_alignment(kind), typ=kind)

    def store(self, value: Value, pointer: Value, index: "int | Value") -> None:
        """`index` counts values of this very type."""
        self.build.store(value, self.at(pointer, index, value.type), align=_alignment(value.type))

    def load_floats(self, pointer: Value, index: "int | Value") -> Value:
        """Eight of them, from float `index` on."""
        return self.load(self.at(pointer, index, F32), 0, FLOATS)

    def store_floats(self, value: Value, pointer: Value, index: "int | Value") -> None:
        self.store(value, self.at(pointer, index, F32), 0)

    def room(self, kind: Any, count: int) -> Value:
        """Memory of this call."""
        with self.build.goto_entry_block():
            found = self.build.alloca(kind, count)
        found.align, found.type = 32, POINTER  # llvmlite makes it a pointer to `kind`, which would take nothing else
        return found

    def variable(self, value: Value) -> "Variable":
        with self.build.goto_entry_block():
            slot = self.build.alloca(value.type)
        self.build.store(value, slot)
        return Variable(self.build, slot)

    @contextmanager
    def loop(self, end: "int | Value", *, begin: "int | Value" = 0, step: int = 1) -> Iterator[Value]:
        """Over begin, begin + step, ... below `end`."""
        index, build = self.variable(self.number(begin)), self.build
        head, body, done = (build.append_basic_block() for _ in range(3))
        build.branch(head)
        build.position_at_end(head)
        build.cbranch(build.icmp_signed("<", index.value, self.number(end)), body, done)
        build.position_at_end(body)
        yield index.value
        index.value = build.add(index.value, I64(step))
        build.branch(head)
        build.position_at_end(done)

    def splat(self, value: "float | Value") -> Value:
        """Eight times the same."""
        if isinstance(value, float):
            return ir.Constant(FLOATS, [ir.Constant(F32, value)] * LANES)
        kind = ir.VectorType(value.type, LANES)
        one = self.build.insert_element(ir.Constant(kind, ir.Undefined), value, I32(0))
        return self.build.shuffle_vector(one, one, ir.Constant(ir.VectorType(I32, LANES), [0] * LANES))

    def intrinsic(self, name: str, kind: Any, *values: Value) -> Value:
        """The result, of type `kind`, of one of LLVM's functions, by its whole name."""
        found = self.module.globals.get(name) or ir.Function(self.module, ir.FunctionType(kind, [each.type for each in values]), name)
        return self.build.call(found, values, fastmath=("reassoc",) if kind == F32 else ())

    def fma(self, one: Value, other: Value, added: Value) -> Value:
        """The product of the first two and the third, rounded once."""
        return self.intrinsic("llvm.fma.v8f32", FLOATS, one, other, added)

    def sum(self, vector: Value) -> Value:
        """Of its eight floats."""
        return self.intrinsic("llvm.vector.reduce.fadd.v8f32", F32, ir.Constant(F32, 0.0), vector)

    def largest(self, vector: Value) -> Value:
        return self.intrinsic("llvm.vector.reduce.fmax.v8f32", F32, vector)


class Variable:
    """One that may be written again; LLVM keeps it in a register."""

    def __init__(self, build: Any, slot: Value) -> None:
        self._build, self._slot = build, slot

    @property
    def value(self) -> Value:
        return self._build.load(self._slot)

    @value.setter
    def value(self, value: Value) -> None:
        self._build.store(value, self._slot)


class Kernel(Code):
    """A function that a team of threads calls; `arguments` are the names of its words, in their order."""

    def __init__(self, module: Any, name: str, arguments: Sequence[str]) -> None:
        super().__init__(module, name, KERNEL)
        words, self._thread, self._threads = self.function.args
        self._words = {each: self.load(words, place, I64) for place, each in enumerate(arguments)}

    def word(self, name: str) -> Value:
        return self._words[name]

    def pointer(self, name: str) -> Value:
        return self.build.inttoptr(self._words[name], POINTER)

    @contextmanager
    def shared(self, count: Value) -> Iterator[Value]:
        """Over those of `count` things that are this thread's."""
        first, end = (self.build.udiv(self.build.mul(count, self.build.add(self._thread, I64(part))), self._threads) for part in range(2))
        with self.loop(end, begin=first) as each:
            yield each

    def end(self) -> None:
        self.build.ret_void()


def _alignment(kind: Any) -> int:
    """No more than that of one element: rows begin anywhere."""
    element = kind.element if isinstance(kind, ir.VectorType) else kind
    return int(element.width) // 8 if isinstance(element, ir.IntType) else {F16: 2, F32: 4}.get(element, 8)
