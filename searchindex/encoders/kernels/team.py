"""Threads that go through the same steps together, each doing its share: no step begins before all have ended the one before."""

from typing import Any

from llvmlite import ir

from searchindex.encoders.kernels.emit import I32, I64, KERNEL, NOTHING, POINTER, Code, Value
from searchindex.encoders.kernels.layout import ARRIVED, ENDS, FIRST_BELL, HEAR, LINE, RING, ROUND, STEP, YIELD

_PATIENCE = 4096  # looks at what the others do before the core is offered to them
_RUN = ir.FunctionType(NOTHING, [POINTER, I64, I64, I64, POINTER])


def add_team(module: Any) -> None:
    """`lead(steps, count, thread 0, threads, team)` goes through all steps once, together with the threads that are in
    `serve(steps, count, thread, threads, team)`, which comes back once the team ends. `team`: words as `layout.py` has them.
    """
    run = _run(module, _wait(module))
    _lead(module, run)
    _serve(module, run)


def _wait(module: Any) -> Any:
    """Until all threads are here."""
    code = Code(module, "wait", ir.FunctionType(NOTHING, [POINTER, I64]))
    team, threads = code.function.args
    build, arrived, turn = code.build, code.at(team, ARRIVED, I64), code.at(team, ROUND, I64)
    now = _seen(code, turn)
    others = build.atomic_rmw("add", arrived, I64(1), ordering="acq_rel")
    with build.if_else(build.icmp_signed("==", build.add(others, I64(1)), threads)) as (last, early):
        with last:
            build.atomic_rmw("xchg", arrived, I64(0), ordering="release")
            build.atomic_rmw("add", turn, I64(1), ordering="release")
        with early:
            _watch(code, team, now)
    build.ret_void()
    return code.function


def _watch(code: Code, team: Value, now: Value) -> None:
    """Until the round is another than `now`. Who waits for long is in the way of those it waits for, and lets them go first."""
    build, looks, turn = code.build, code.variable(I64(0)), code.at(team, ROUND, I64)
    look, rest, done = (build.append_basic_block() for _ in range(3))
    build.branch(look)
    build.position_at_end(look)
    build.cbranch(build.icmp_signed("==", _seen(code, turn), now), rest, done)
    build.position_at_end(rest)
    code.intrinsic("llvm.x86.sse2.pause", NOTHING)
    looks.value = build.add(looks.value, I64(1))
    with build.if_then(build.icmp_signed(">", looks.value, I64(_PATIENCE))):
        _call(code, team, YIELD)
    build.branch(look)
    build.position_at_end(done)


def _run(module: Any, wait: Any) -> Any:
    code = Code(module, "run", _RUN)
    steps, count, thread, threads, team = code.function.args
    with code.loop(count) as each:
        step = code.at(steps, code.build.mul(each, I64(STEP)), I64)
        kernel = code.build.inttoptr(code.load(step, 0, I64), KERNEL.as_pointer())
        code.build.call(kernel, [code.at(step, 1, I64), thread, threads])
        code.build.call(wait, [team, threads])
    code.build.ret_void()
    return code.function


def _lead(module: Any, run: Any) -> None:
    code = Code(module, "lead", _RUN)
    steps, count, thread, threads, team = code.function.args
    with code.loop(threads, begin=1) as each:
        _call(code, team, RING, _bell(code, team, each))
    code.build.call(run, [steps, count, thread, threads, team])
    code.build.ret_void()


def _serve(module: Any, run: Any) -> None:
    code = Code(module, "serve", _RUN)
    steps, count, thread, threads, team = code.function.args
    build, bell = code.build, _bell(code, team, thread)
    rest, woken, work, done = (build.append_basic_block() for _ in range(4))
    build.branch(rest)
    build.position_at_end(rest)
    build.cbranch(build.icmp_signed("==", _call(code, team, HEAR, bell), I32(0)), woken, rest)  # a signal may interrupt it
    build.position_at_end(woken)
    build.cbranch(build.icmp_signed("==", _seen(code, code.at(team, ENDS, I64)), I64(0)), work, done)
    build.position_at_end(work)
    build.call(run, [steps, count, thread, threads, team])
    build.branch(rest)
    build.position_at_end(done)
    build.ret_void()


def _call(code: Code, team: Value, word: int, *arguments: Value) -> Value:
    """A function of the C library, whose address the team holds: nothing here has to be linked with anything."""
    kind = ir.FunctionType(I32, [each.type for each in arguments])
    return code.build.call(code.build.inttoptr(code.load(team, word, I64), kind.as_pointer()), arguments)


def _bell(code: Code, team: Value, thread: Value) -> Value:
    """A semaphore of the C library, in a line of its own."""
    words = code.build.add(code.build.mul(thread, I64(LINE)), I64(FIRST_BELL))
    return code.at(team, words, I64)


def _seen(code: Code, word: Value) -> Value:
    """What another thread may have written, and whatever it wrote before."""
    return code.build.load_atomic(word, ordering="acquire", align=8, typ=I64)
