"""What can go wrong between a program and the service.

ClientError                  message says what happened, hint says what to do
├── Unreachable              no connection, or it broke off
├── DeadlineExceeded         no answer in time
├── UnexpectedAnswer         an answer that is none of this interface: another program, or another version
└── Problem                  the service said no: `status`, `kind` (a stable word), `request_id`, `retry_after`
    ├── InvalidRequest       400, 413, 415, 422: the request has to change
    ├── Forbidden            401, 403: an API key is missing, unknown, or lacks the scope
    ├── Missing              404: no such picture, explanation or route
    ├── RateLimited          429: too many requests of one caller
    └── Unavailable          503: not ready, or too much is waiting
"""

from searchindex.errors import SearchIndexError


class ClientError(SearchIndexError):
    """Whatever a method of a client raises on purpose."""


class Unreachable(ClientError):
    """The service could not be spoken to."""


class DeadlineExceeded(ClientError):
    """The time that the caller gave is over."""


class UnexpectedAnswer(ClientError):
    """The answer cannot be understood."""


class Problem(ClientError):
    """`kind`: the stable word at the end of the problem's type. `retry_after`: seconds, where the service says."""

    def __init__(
        self, message: str, *, status: int, kind: str, hint: str = "", request_id: str | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.status, self.kind = status, kind
        self.request_id, self.retry_after = request_id, retry_after


class InvalidRequest(Problem):
    """The request cannot be used as it is."""


class Forbidden(Problem):
    """The caller may not."""


class Missing(Problem):
    """What was asked for is not there."""


class RateLimited(Problem):
    """Too many requests of this caller."""


class Unavailable(Problem):
    """Not now."""


BY_STATUS: dict[int, type[Problem]] = {
    400: InvalidRequest,
    401: Forbidden,
    403: Forbidden,
    404: Missing,
    413: InvalidRequest,
    415: InvalidRequest,
    422: InvalidRequest,
    429: RateLimited,
    503: Unavailable,
}
