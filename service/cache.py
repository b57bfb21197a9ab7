"""Answers kept for a while. A cache never fails a search: an adapter that cannot answer says so by a miss."""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NewType, Protocol

import orjson

from service.breaker import Breaker

CacheKey = NewType("CacheKey", str)


def cache_key(facts: dict[str, Any]) -> CacheKey:
    """MD5 of canonical JSON (sorted keys): equal only for equal facts.

    The facts must name the collection, its number of points and the model's fingerprint beside the query, so that neither a
    new model nor a new picture is hidden by an old answer.
    """
    canonical = orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)
    return CacheKey(hashlib.md5(canonical, usedforsecurity=False).hexdigest())


class Cache(Protocol):
    """Bytes by key, for a limited time."""

    async def get(self, key: CacheKey) -> bytes | None: ...

    async def put(self, key: CacheKey, value: bytes) -> None: ...

    async def ping(self) -> bool:
        """Whether it answers now; soon, and without an error."""
        ...

    async def close(self) -> None: ...

    @property
    def name(self) -> str: ...

    @property
    def connected(self) -> bool:
        """Whether the last attempt to reach it succeeded."""
        ...

    @property
    def faults(self) -> Mapping[str, int]:
        """What went wrong since the start, by a word for it."""
        ...

    @property
    def breakers(self) -> Mapping[str, Breaker]:
        """Its circuit breakers by name, the same ones for as long as it lives."""
        ...


class MemoryCache:
    """Least recently used entries in this process. `ttl` in seconds; `entries` 0 keeps nothing."""

    name = "memory"
    connected = True
    faults: Mapping[str, int] = MappingProxyType({})
    breakers: Mapping[str, Breaker] = MappingProxyType({})

    def __init__(self, *, entries: int, ttl: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._entries: OrderedDict[CacheKey, tuple[float, bytes]] = OrderedDict()
        self._limit, self._ttl, self._clock = entries, ttl, clock

    async def get(self, key: CacheKey) -> bytes | None:
        expires, value = self._entries.get(key, (0.0, None))
        if value is None:
            return None
        if expires <= self._clock():
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return value

    async def put(self, key: CacheKey, value: bytes) -> None:
        self._entries[key] = (self._clock() + self._ttl, value)
        self._entries.move_to_end(key)
        while len(self._entries) > self._limit:
            self._entries.popitem(last=False)

    async def ping(self) -> bool:
        return True

    async def close(self) -> None:
        self._entries.clear()
