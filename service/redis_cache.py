"""The cache that replicas share. Redis is a guest here: whatever it does, a search goes on, and waits `timeout` at most for it."""

import asyncio
import contextlib
import hashlib
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.connection import ConnectionPool, parse_url
from redis.exceptions import MaxConnectionsError, ResponseError
from redis.maint_notifications import MaintNotificationsConfig

from searchindex.errors import InvalidInput
from service.breaker import Breaker, Turn
from service.cache import CacheKey

PREFIX = "searchindex:"
MAGIC = b"SI\x01"
DIGEST = 16
HEAD = len(MAGIC) + DIGEST
LARGEST = 1 << 20


class RedisCache:
    """Answers in Redis, for `ttl` seconds. No method raises anything but CancelledError; the counters say what went wrong.

    `url`: redis://, rediss:// or unix://; InvalidInput if it cannot be used, never showing it. `password` overrides the URL's.
    `timeout`: seconds for one whole exchange, connecting included. Reads and writes have a breaker each, so that a server
    that refuses writes (a replica, one out of memory) still answers reads. `failures`: by name of the error. `rejected`:
    values that were not ours or not whole, or larger than 1 MiB. `exhausted`: not asked, as all connections were busy.
    """

    name = "redis"

    def __init__(
        self,
        url: str,
        *,
        ttl: int,
        password: str | None = None,
        max_connections: int = 20,
        timeout: float = 0.05,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pool = _open_pool(url, password=password, max_connections=max_connections, timeout=timeout)
        self._client = Redis(connection_pool=self._pool)
        self._ttl, self._timeout = ttl, timeout
        self.reads, self.writes = Breaker(clock=clock), Breaker(clock=clock)
        self.failures: Counter[str] = Counter()
        self.rejected = self.exhausted = 0
        self._answered: bool | None = None
        self.breakers = {"cache-reads": self.reads, "cache-writes": self.writes}

    @property
    def faults(self) -> Mapping[str, int]:
        return {**self.failures, "rejected": self.rejected, "exhausted": self.exhausted}

    @property
    def connected(self) -> bool:
        """Whether Redis answered, be it with an error, when it was last asked."""
        return bool(self._answered)

    async def ping(self) -> bool:
        """Whether it answers now."""
        return await self._ask(self.reads, "PING") is not None

    async def get(self, key: CacheKey) -> bytes | None:
        # GETRANGE, as a value that is not ours may have any size.
        value = await self._ask(self.reads, "GETRANGE", PREFIX + key, 0, HEAD + LARGEST)
        return self._unpack(key, value) if value else None

    async def put(self, key: CacheKey, value: bytes) -> None:
        # A search waits once for a Redis that does not answer, not twice: the next get finds out whether it is back.
        if self._answered is False:
            return
        if len(value) > LARGEST:
            self.rejected += 1
            return
        await self._ask(self.writes, "SET", PREFIX + key, _pack(key, value), "EX", self._ttl)

    async def close(self) -> None:
        with contextlib.suppress(Exception):  # the sockets are dropped either way
            async with asyncio.timeout(self._timeout):
                await self._pool.aclose()

    def _unpack(self, key: CacheKey, value: object) -> bytes | None:
        body = value[HEAD:] if isinstance(value, bytes) else b""
        if len(body) > LARGEST or value != _pack(key, body):
            self.rejected += 1
            return None
        return body

    async def _ask(self, breaker: Breaker, *command: str | bytes | int) -> Any:
        """The reply; None if the breaker refuses or it is an error."""
        turn = breaker.begin()
        if turn is None:
            return None
        with turn:
            try:
                async with asyncio.timeout(self._timeout):
                    reply = await self._client.execute_command(*command)  # type: ignore[no-untyped-call]
            except Exception as error:  # noqa: BLE001  # beside its own, redis-py lets ValueError and others of a garbled reply out
                self._failed(turn, error)
                return None
            turn.succeeded()
            self._answered = True
            return reply

    def _failed(self, turn: Turn, error: Exception) -> None:
        if isinstance(error, MaxConnectionsError):
            self.exhausted += 1  # our limit, which says nothing about Redis
            return
        self.failures[type(error).__name__] += 1
        self._answered = isinstance(error, ResponseError)
        turn.failed()


def _open_pool(url: str, *, password: str | None, max_connections: int, timeout: float) -> ConnectionPool:
    options: dict[str, Any] = {
        "max_connections": max_connections,
        # The exchange as a whole has a deadline, which bounds connecting, writing and reading together. redis-py's own would
        # add up, and its wait_for swallows a cancellation that meets the end of a write (CPython before 3.12).
        "socket_timeout": None,
        "socket_connect_timeout": timeout,
        "retry": None,
        "retry_on_error": [],
        "retry_on_timeout": False,
        # RESP2 without a name or notifications: connecting costs no exchange but AUTH and SELECT.
        "protocol": 2,
        "driver_info": None,
        "maint_notifications_config": MaintNotificationsConfig(enabled=False),
    }
    if password is not None:
        options["password"] = password
    try:
        pool = ConnectionPool(**{**parse_url(url), **options})
        pool.make_connection()  # type: ignore[no-untyped-call]  # its options are checked here, not at the first search
    except (ValueError, TypeError, OSError):
        raise InvalidInput("The URL of Redis cannot be used.", hint="It looks like redis://host:6379/0.") from None
    return pool


def _pack(key: CacheKey, body: bytes) -> bytes:
    """The digest covers the key as well, so that one key's value never answers for another."""
    digest = hashlib.blake2b(key.encode() + b"\0" + body, digest_size=DIGEST).digest()
    return b"".join((MAGIC, digest, body))
