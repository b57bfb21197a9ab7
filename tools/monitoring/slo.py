"""What is promised of searches, and how fast what may go wrong is being used up.

A burn rate of 1 uses up the budget exactly within the objective's period. Source: "The Site Reliability Workbook", chapter 5, "Multiwindow,
Multi-Burn-Rate Alerts": both windows must burn, the long one so that it matters, the short one so that it still does.
"""

from dataclasses import dataclass

from observability import metrics as m
from service.observed import PROBES
from service.outcomes import Outcome, operation_of
from tools.monitoring.promql import NoneOf, Source, Wanted, rate, total

FAST_ENOUGH = "0.05"  # seconds, a bucket's bound
SHARE_FAST = 0.95
SHARE_ANSWERED = 0.999
SEARCH = "search"
ASKED = NoneOf(tuple(sorted(operation_of(path) for path in PROBES)))  # by people: a pod that starts answers its probes with 503
BAD = (Outcome.SHED.value, Outcome.UNAVAILABLE.value, Outcome.FAILED.value)
COUNTED = (Outcome.OK.value, *BAD)  # what the caller did wrong says nothing of the service


@dataclass(frozen=True, slots=True, kw_only=True)
class Burn:
    """`factor`: how many times as fast as the budget allows."""

    long: str
    short: str
    factor: float


FAST = Burn(long="1h", short="5m", factor=14.4)
SLOW = Burn(long="6h", short="30m", factor=6)


def latency_burn(source: Source, window: str, *by: str) -> str:
    """Answered searches that took longer than FAST_ENOUGH, as a multiple of what may."""
    answered: dict[str, Wanted] = {"operation": SEARCH, "outcome": Outcome.OK.value}
    fast = total(rate(source(m.REQUEST_DURATION, part="bucket", window=window, le=FAST_ENOUGH, **answered)), *by)
    all_of_them = total(rate(source(m.REQUEST_DURATION, part="count", window=window, **answered)), *by)
    return f"(1 - {fast} / {all_of_them}) / {1 - SHARE_FAST:g}"


def error_share(source: Source, window: str, *by: str) -> str:
    """Requests that ended badly, of all that count. 0 where none did, nothing where there was none."""
    bad = total(rate(source(m.REQUEST_DURATION, part="count", window=window, operation=ASKED, outcome=BAD)), *by)
    counted = total(rate(source(m.REQUEST_DURATION, part="count", window=window, operation=ASKED, outcome=COUNTED)), *by)
    return f"({bad} or 0 * {counted}) / {counted}"


def error_burn(source: Source, window: str, *by: str) -> str:
    return f"{error_share(source, window, *by)} / {1 - SHARE_ANSWERED:.3g}"
