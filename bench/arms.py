"""Arms seen from the process that measures: started, asked for a sample at a time, ended."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from bench.benchmark import Benchmark, Setup
from bench.figures import Round, Sample
from bench.quiet import Quiet
from bench.worker import PREPARE, READY

ENDING_SECONDS = 20
LONGEST = 900.0  # seconds for starting an arm's servers and its first sample, or for one sample
ENOUGH = 2 / 3


class ArmFailedError(Exception):
    """An arm's process ended; what it said is on standard error."""


@dataclass(frozen=True, slots=True)
class Arm:
    """A running process of `bench.worker`."""

    name: str
    process: "subprocess.Popen[str]"

    def sample(self) -> Sample:
        if self.process.stdin is not None:
            self.process.stdin.write("sample\n")
            self.process.stdin.flush()
        sample: Sample = json.loads(self.line())
        return sample

    def line(self) -> str:
        """Ended where it takes longer than LONGEST, as nothing that is measured does."""
        overdue = threading.Timer(LONGEST, self.process.terminate)  # in an orderly way, or its servers would stay
        overdue.start()
        line = self.process.stdout.readline() if self.process.stdout else ""
        overdue.cancel()
        if not line:
            raise ArmFailedError(f"The arm {self.name} ended with status {self.process.wait()}.")
        return line.strip()


def _command(benchmark: Benchmark, arm: str, setup: Setup) -> list[str]:
    return [sys.executable, "-m", "bench.worker", benchmark.name, arm, str(setup.folder), "quick" if setup.quick else "full"]


@contextmanager
def _running(benchmark: Benchmark, name: str, setup: Setup) -> Iterator[Arm]:
    command = _command(benchmark, name, setup)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        arm = Arm(name, process)
        try:
            if arm.line() != READY:
                raise ArmFailedError(f"The arm {name} did not become ready.")
            yield arm
        finally:
            _end(process)


def _end(process: "subprocess.Popen[str]") -> None:
    """End of input ends a worker; one that hangs is killed."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(ENDING_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def measure(benchmark: Benchmark, setup: Setup, quiet: Quiet) -> list[Round]:
    """The quiet rounds: A B A B, each sample begun in a quiet machine. Gives up once too few of them can be quiet."""
    subprocess.run(_command(benchmark, PREPARE, setup), check=True, timeout=LONGEST)
    planned = benchmark.rounds_of(quick=setup.quick)
    rounds: list[Round] = []
    with ExitStack() as stack:
        arms = [stack.enter_context(_running(benchmark, name, setup)) for name in benchmark.arms]
        for number in range(planned):
            if (taken := _round(arms, quiet)) is not None:
                rounds.append(taken)
            if not enough(len(rounds) + planned - number - 1, planned):
                break
    return rounds


def _round(arms: Sequence[Arm], quiet: Quiet) -> Round | None:
    """None where the machine was busy before one of the samples."""
    taken: dict[str, Sample] = {}
    for arm in arms:
        if not quiet.wait():
            return None
        taken[arm.name] = arm.sample()
    return taken


def enough(quiet: int, planned: int) -> bool:
    """Whether so many quiet rounds make a measurement."""
    return quiet >= ENOUGH * planned
