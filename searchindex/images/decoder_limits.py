"""What a decoder process gives up before it sees the first byte of a stranger. Everything here is for good, and for itself alone.

The rest of the system is of use to who has taken over the process, so there is little left of it: no file can be opened, no process
or thread started, no memory taken beyond a bound, no core file written. Network sockets are files too.
"""

import ctypes
import resource
import signal
import sys
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38  # linux/prctl.h


def follow_parent() -> None:
    """Dies with the thread that started this process, where the system can do that; elsewhere the end of the socket must do."""
    if sys.platform == "linux":
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def confine(*, memory: int) -> None:
    """Take `memory` bytes at most beyond what is mapped now, and give up the rest. OSError or ValueError if that cannot be had."""
    _bound_memory(memory)
    _die_first()
    for kind in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE):
        resource.setrlimit(kind, (0, 0))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
        _prctl(_PR_SET_NO_NEW_PRIVS, 1)
        _prctl(_PR_SET_DUMPABLE, 0)


def _bound_memory(extra: int) -> None:
    """Of the address space, `extra` bytes beyond what is mapped now. Elsewhere than on Linux nothing tells how much that is."""
    if sys.platform == "linux":
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
        most = pages * resource.getpagesize() + extra
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _die_first() -> None:
    """Where the machine's memory runs out all the same, the kernel ends this process, and not the one that serves everybody."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", "ascii")


def allow_processor(seconds: float) -> None:
    """So much processor time from now on, then the system ends this process: for when nobody is left who could."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _prctl(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
