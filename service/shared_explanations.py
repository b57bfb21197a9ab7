"""What replicas know of one another's explanations, by way of the cache they share: a follow-up may meet another replica than the search.

Only what is said here is shared; the making is `service/explanations.py`'s. Like any answer of the cache it may be missing.
"""

import time
from collections.abc import Callable
from enum import StrEnum

from pydantic import BaseModel, ValidationError

from service.cache import Cache, CacheKey

PENDING_SECONDS = 600.0  # after so long, a replica that has begun one and not ended it is no longer there


class Status(StrEnum):
    """`unavailable` is for good: another search may have better luck."""

    PENDING = "pending"
    READY = "ready"
    UNAVAILABLE = "unavailable"


class Shared(BaseModel):
    """As it is kept. `text` where the status is `ready`; `until`: the time in seconds since 1970 that a pending one is believed."""

    id: str
    status: Status
    text: str | None = None
    until: float = 0.0


class SharedExplanations:
    """Two entries each: by id, and, once there is a text, by the facts that it explains. `clock` is that of the wall."""

    def __init__(self, cache: Cache, *, clock: Callable[[], float] = time.time) -> None:
        self._cache, self._clock = cache, clock

    async def begun(self, id: str) -> None:
        await self._put(_by_id(id), Shared(id=id, status=Status.PENDING, until=self._clock() + PENDING_SECONDS))

    async def ended(self, id: str, facts: bytes, text: str | None) -> None:
        """`text`: None where there is no explanation to be had."""
        shared = Shared(id=id, status=Status.UNAVAILABLE if text is None else Status.READY, text=text)
        await self._put(_by_id(id), shared)
        if text is not None:
            await self._put(_by_facts(facts), shared)

    async def of(self, facts: bytes) -> Shared | None:
        """The explanation of the same facts, if there is a text."""
        return await self._get(_by_facts(facts))

    async def find(self, id: str) -> Shared | None:
        """None where nothing is known of it."""
        found = await self._get(_by_id(id))
        if found is not None and found.status is Status.PENDING and found.until < self._clock():
            return Shared(id=id, status=Status.UNAVAILABLE)
        return found

    async def _put(self, key: CacheKey, shared: Shared) -> None:
        await self._cache.put(key, shared.model_dump_json().encode())

    async def _get(self, key: CacheKey) -> Shared | None:
        """A value of another version is as good as none."""
        value = await self._cache.get(key)
        try:
            return None if value is None else Shared.model_validate_json(value)
        except ValidationError:
            return None


def _by_id(id: str) -> CacheKey:
    return CacheKey(f"explanation:{id}")


def _by_facts(facts: bytes) -> CacheKey:
    return CacheKey(f"explained:{facts.hex()}")
