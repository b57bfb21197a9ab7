"""A thread for a model, which every other thread of the process goes before."""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

NICE = 3  # steps of about a quarter (sched(7)): half of what another thread gets, where both want the same core


def model_thread(name: str) -> ThreadPoolExecutor:
    """One thread, in which a model is to be opened, too: the threads that its runtime starts inherit the priority.

    Beyond the capacity a model takes every core. Who reads a request, or refuses it, needs a moment of one, and must not wait for a batch
    to end. No more than so many steps: a thread that waits for the others holds what these wait for, and beside other programs on the
    same cores a query would take seconds. Linux alone has a priority per thread; elsewhere it is that of the process.
    """
    return ThreadPoolExecutor(1, name, initializer=_give_way)


def _give_way() -> None:
    if sys.platform == "linux":
        thread = threading.get_native_id()
        with suppress(OSError):  # where a sandbox forbids it, all are equal
            os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + NICE)
