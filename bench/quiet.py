"""Waiting for the machine to be quiet: a sample taken beside another program's work measures that program."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

BUSY = 0.12  # share of all cores' time
WINDOW = 0.5  # seconds
PATIENCE = 20.0  # seconds


@dataclass(frozen=True, slots=True)
class Ticks:
    """Time since the machine started, in the kernel's ticks, summed over all cores."""

    busy: int
    total: int


def parse_ticks(stat: str) -> Ticks:
    """The first line of /proc/stat (proc(5)): idle and waiting for disks is not busy; stolen by the hypervisor is."""
    user, nice, system, idle, iowait, irq, softirq, steal = map(int, stat.split()[1:9])
    busy = user + nice + system + irq + softirq + steal
    return Ticks(busy, busy + idle + iowait)


def read_ticks() -> Ticks:
    with Path("/proc/stat").open(encoding="ascii") as file:
        return parse_ticks(file.readline())


def share(before: Ticks, after: Ticks) -> float:
    """Busy share between two readings; 0 where no tick has passed."""
    passed = after.total - before.total
    return (after.busy - before.busy) / passed if passed else 0.0


@dataclass(slots=True)
class Quiet:
    """Waits at most `patience` seconds each time. Reader, clock and sleep are handed in, so that tests need none of them."""

    read: Callable[[], Ticks] = read_ticks
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    patience: float = PATIENCE
    waited: float = field(default=0.0, init=False)

    def wait(self) -> bool:
        """Whether a quiet window was seen. False costs `patience` seconds."""
        began = self.clock()
        while self.clock() - began < self.patience:
            before = self.read()
            self.sleep(WINDOW)
            if share(before, self.read()) < BUSY:
                self.waited += self.clock() - began
                return True
        self.waited += self.clock() - began
        return False


class Unquiet(Quiet):
    """Does not wait, for trying a benchmark out: what is measured then may be anything."""

    def wait(self) -> bool:
        return True
