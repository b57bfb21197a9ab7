"""The service, from Python: `Client` and `AsyncClient`. Needs the extra `client`, and nothing of what serves or indexes.

One core says what is sent, how an answer is read and when it is tried again (`operations`, `replies`, `exchange`); the clients only carry.
"""

from searchindex.client.answers import Answer, Collection, Explanation, Health, Latency, Part, Result, Stats
from searchindex.client.awaiting import AsyncClient
from searchindex.client.blocking import Client
from searchindex.client.errors import (
    ClientError,
    DeadlineExceeded,
    Forbidden,
    InvalidRequest,
    Missing,
    Problem,
    RateLimited,
    Unavailable,
    UnexpectedAnswer,
    Unreachable,
)
from searchindex.client.operations import Search, Term

__all__ = [
    "Answer",
    "AsyncClient",
    "Client",
    "ClientError",
    "Collection",
    "DeadlineExceeded",
    "Explanation",
    "Forbidden",
    "Health",
    "InvalidRequest",
    "Latency",
    "Missing",
    "Part",
    "Problem",
    "RateLimited",
    "Result",
    "Search",
    "Stats",
    "Term",
    "Unavailable",
    "UnexpectedAnswer",
    "Unreachable",
]
