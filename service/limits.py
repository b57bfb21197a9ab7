"""How often one caller may ask: counted in this process, or in Redis for all replicas together.

The promise is that of a moving window: never more than `amount` requests in any `seconds` seconds, wherever they begin.
"""

import re
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from searchindex.errors import InvalidInput, shorten

LIMIT = re.compile(r"([1-9][0-9]{0,5})/(second|minute|hour)")
SECONDS = {"second": 1, "minute": 60, "hour": 3600}
MOST_CALLERS = 20_000  # counted at once in a process; of more, those that asked the longest ago are forgotten


@dataclass(frozen=True, slots=True)
class Limit:
    """`amount` requests of one caller in any `seconds` seconds. `name` is what callers see of it, in `RateLimit-Policy`."""

    name: str
    amount: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of one request. `reset` is in how many seconds the oldest request that counts no longer does: when one more is free."""

    allowed: bool
    remaining: int
    reset: float


class Window(Protocol):
    """Counts."""

    async def hit(self, limit: Limit, caller: str) -> Verdict:
        """Count one request of `caller`, if it is within the limit. Never fails."""

    async def close(self) -> None:
        """Let go of what is held."""


def parse_limit(text: str, *, name: str) -> Limit:
    """`600/minute`, of second, minute and hour; InvalidInput for all else."""
    found = LIMIT.fullmatch(text)
    if found is None:
        raise InvalidInput(f"{shorten(text, 40)!r} is no limit.", hint="A number, `/`, and `second`, `minute` or `hour`: 600/minute.")
    return Limit(name, int(found[1]), SECONDS[found[2]])


class MemoryWindow:
    """Counts in the process: the times of the requests within the window, for each caller.

    Not the memory storage of `limits`: there each request starts a sweep over all callers that hops to a thread for every one of
    them, the number of callers has no bound, and the clock cannot be set.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._times: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()

    async def hit(self, limit: Limit, caller: str) -> Verdict:
        now, key = self._clock(), (limit.name, caller)
        times = self._times.setdefault(key, deque())
        self._times.move_to_end(key)
        if len(self._times) > MOST_CALLERS:
            self._times.popitem(last=False)
        while times and times[0] <= now - limit.seconds:
            times.popleft()
        allowed = len(times) < limit.amount
        if allowed:
            times.append(now)
        return Verdict(allowed, limit.amount - len(times), times[0] + limit.seconds - now)

    async def close(self) -> None:
        self._times.clear()


def open_window(redis_url: str | None) -> Window:
    """Counts in Redis where there is a `redis://` or `rediss://` address, else in this process. InvalidInput for an address that is none.

    Nothing is asked of Redis yet: a service starts without it.
    """
    if redis_url is None:
        return MemoryWindow()
    try:
        from service.redis_window import RedisWindow  # noqa: PLC0415  # its packages are not installed on a laptop
    except ImportError as error:
        raise InvalidInput(f"Counting in Redis needs the package {error.name}.", hint="pip install 'searchindex[service]'") from None
    try:
        return RedisWindow(redis_url)
    except ValueError:  # its text may hold the password
        raise InvalidInput("The address of Redis cannot be used.", hint="redis://host:6379/0, or rediss:// for TLS.") from None
