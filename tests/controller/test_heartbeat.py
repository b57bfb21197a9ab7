"""What is written must come back."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from controller.heartbeat import Heartbeat
from controller.mirror import Mirror
from controller.observed import Key
from controller.ports import ClusterError

A = Key("ns", "a")


class Touched:
    """Takes heartbeats; `broken` is raised instead."""

    def __init__(self) -> None:
        self.keys: list[Key] = []
        self.broken: ClusterError | None = None

    async def touch(self, key: Key, _stamp: str) -> None:
        if self.broken:
            raise self.broken
        self.keys.append(key)


def heart(now: list[float], *, empty: bool = False) -> tuple[Heartbeat, Touched]:
    mirror, cluster = Mirror(), Touched()
    if not empty:
        mirror.saw_index({"metadata": {"namespace": "ns", "name": "a", "uid": "u"}, "spec": {"store": {"host": "q"}}})
    port: Any = cluster
    beat = Heartbeat(
        cluster=port, mirror=mirror, holds=asyncio.Event(), monotonic=lambda: now[0], wall=lambda: datetime(2026, 1, 1, tzinfo=UTC)
    )
    return beat, cluster


async def test_silence_is_a_write_that_does_not_come_back() -> None:
    """It grows until the watch shows that very resource; another one's event proves nothing about the write."""
    now = [0.0]
    beat, cluster = heart(now)
    assert beat.silence() == 0
    await beat.beat()
    now[0] = 100.0
    await beat.beat()
    assert cluster.keys == [A]
    beat.returned(Key("ns", "b"))
    assert beat.silence() == 100
    beat.returned(A)
    assert beat.silence() == 0


async def test_an_api_server_that_is_away_is_no_silence() -> None:
    """A restart would not bring it back."""
    now = [0.0]
    beat, cluster = heart(now)
    cluster.broken = ClusterError("no answer", status=0)
    await beat.beat()
    now[0] = 500.0
    assert beat.silence() == 0


async def test_without_any_index_there_is_nothing_to_miss() -> None:
    """No heartbeat is written, and none is waited for."""
    beat, cluster = heart([0.0], empty=True)
    await beat.beat()
    assert (cluster.keys, beat.silence()) == ([], 0)
