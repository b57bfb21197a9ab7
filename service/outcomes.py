"""The words for what was asked and how it ended: labels of metrics, names in logs and spans. As few as there are routes and ends."""

from enum import StrEnum

CLIENT_CLOSED = 499


class Outcome(StrEnum):
    """How a request ended. `shed`: refused to keep others fast; `unavailable`: not ready; `failed`: a defect."""

    OK = "ok"
    INVALID = "invalid"
    DENIED = "denied"
    LIMITED = "limited"
    CANCELLED = "cancelled"
    SHED = "shed"
    UNAVAILABLE = "unavailable"
    FAILED = "failed"


# The status 0: the connection went before there was an answer.
BY_STATUS = {
    0: Outcome.CANCELLED,
    401: Outcome.DENIED,
    403: Outcome.DENIED,
    429: Outcome.LIMITED,
    CLIENT_CLOSED: Outcome.CANCELLED,
    503: Outcome.UNAVAILABLE,
}


def outcome_of(status: int, problem: str = "") -> Outcome:
    """`problem`: the kind of the problem document, where there is one."""
    if problem == "overloaded":
        return Outcome.SHED
    if known := BY_STATUS.get(status):
        return known
    return Outcome.OK if status < 400 else Outcome.INVALID if status < 500 else Outcome.FAILED  # noqa: PLR2004  # classes of RFC 9110, 15


def operation_of(route: str) -> str:
    """`/search/similar` -> `search-similar`, `/images/{key}` -> `images`; `none` where the router met nothing."""
    return route.partition("/{")[0].strip("/").replace("/", "-") or ("page" if route == "/" else "none")
