"""How often and how long one operation is tried, without doing any of it: a generator says what to do next, and is told how it went.

Both clients drive it, one by blocking and one by awaiting.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeVar

from searchindex.client.errors import DeadlineExceeded, Problem, RateLimited, Unavailable
from searchindex.client.operations import Call, Operation
from searchindex.client.replies import Reply, problem_of

T = TypeVar("T")
FIRST_PAUSE = 0.5  # seconds, where the service does not say; twice as long after each


@dataclass(frozen=True, slots=True)
class Attempt:
    """Send this, and say what came back. `seconds`: how long it may take."""

    call: Call
    seconds: float


@dataclass(frozen=True, slots=True)
class Pause:
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """`deadline`: seconds for an operation as a whole, pauses and repetitions included. `retries`: how often it is repeated at most."""

    deadline: float = 30.0
    retries: int = 2

    def pause_after(self, problem: Problem, *, retried: int) -> float | None:
        """Only what the service asks to try again is tried again: 429 and 503. None where this is the end."""
        if retried >= self.retries or not isinstance(problem, RateLimited | Unavailable):
            return None
        return FIRST_PAUSE * 2**retried if problem.retry_after is None else problem.retry_after


Steps = Generator[Attempt | Pause, Reply | None, T]


def exchange(operation: Operation[T], patience: Patience, *, clock: Callable[[], float]) -> Steps[T]:
    """Send the answer to each Attempt, and None after each Pause. Ends with the result, or raises; `clock` is monotonic, in seconds.

    A pause that would outlast the deadline is not begun: the problem is raised at once, so that the caller can use the time.
    """
    ends = clock() + patience.deadline
    retried = 0
    while True:
        reply = yield Attempt(operation.call, _left(ends - clock()))
        if reply is None:
            raise RuntimeError("an attempt is answered with a reply")
        if not reply.failed:
            return operation.read(reply)
        problem = problem_of(reply)
        pause = patience.pause_after(problem, retried=retried)
        if pause is None or pause >= ends - clock():
            raise problem
        yield Pause(pause)
        retried += 1


def _left(seconds: float) -> float:
    if seconds <= 0:
        raise DeadlineExceeded("There was no answer in time.", hint="Allow more time with deadline=.")
    return seconds
