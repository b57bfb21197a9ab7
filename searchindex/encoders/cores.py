"""How many cores there are for an inference, where Linux says so.

ONNX Runtime counts them itself if it is not told, but then binds each of its threads to a core of its own: to one where something else is
at work, too, while another rests; in every process to the same ones. It does not see that a container may have less than the machine.
"""

import math
import os
from collections.abc import Callable, Iterable
from pathlib import Path

SIBLINGS = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
QUOTA = Path("/sys/fs/cgroup/cpu.max")  # of control groups, version 2; within a container it is the container's
UNLIMITED = "max"


def usable_cores() -> int | None:
    """Physical cores that this process may run on, and no more than its container's share of their time. None where that is not told."""
    try:
        processors = os.sched_getaffinity(0)
        cores = physical(processors, siblings=lambda each: Path(SIBLINGS.format(each)).read_text("ascii"))
    except (AttributeError, OSError):  # no such call on other systems
        return None
    try:
        return min(cores, share(QUOTA.read_text("ascii")) or cores)
    except OSError:
        return cores


def physical(processors: Iterable[int], *, siblings: Callable[[int], str]) -> int:
    """Cores among `processors`. `siblings`: those of one core, as `0,4` or `0-1`, the same text for each of them."""
    return len({siblings(each) for each in processors})


def share(quota: str) -> int | None:
    """How many cores `200000 100000` is, microseconds in a period, rounded up; None for `max 100000`."""
    time, _, period = quota.partition(" ")
    return None if time == UNLIMITED else math.ceil(int(time) / int(period))
