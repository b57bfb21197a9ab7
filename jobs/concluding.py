"""How the smaller programs end: one line of JSON as the last one, a sentence for people, and an exit status as of `ending.py`."""

import asyncio
import signal
import sys
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from jobs.ending import COMPLETED, Ending, Reason, ending_of
from jobs.lines import say
from jobs.stop import Stop


@dataclass(frozen=True, slots=True)
class Conclusion:
    """`facts`: what is said of it as JSON."""

    facts: dict[str, Any] = field(default_factory=dict)
    ending: Ending = COMPLETED


def conclude(work: Callable[[Stop], Awaitable[Conclusion]]) -> int:
    """Do it, say what came of it, and return the exit status. SIGTERM and SIGINT ask it to stop."""
    try:
        conclusion = asyncio.run(_stoppable(work))
    except Exception as error:  # noqa: BLE001  # told by their kind; a defect with its trace
        ending = ending_of(error, started=True)
        if ending.reason is Reason.INTERNAL_ERROR:
            traceback.print_exc()
        conclusion = Conclusion(ending=ending)
    if conclusion.ending.status:
        print(f"{conclusion.ending.reason}: {conclusion.ending.message}", file=sys.stderr)  # noqa: T201  # what a person reads first
    say("summary", **conclusion.facts, reason=conclusion.ending.reason, message=conclusion.ending.message)
    return conclusion.ending.status


async def _stoppable(work: Callable[[Stop], Awaitable[Conclusion]]) -> Conclusion:
    stop = Stop()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.ask)
    return await work(stop)
