"""F-43 and F-44: one of two services told to end, or killed, while both are asked all the time."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator

import pytest

from searchindex.collection import CollectionConfig
from searchindex.points import PointId
from searchindex.ports import Point
from searchindex.stores.qdrant import QdrantStore
from tests.engines import QdrantServer, qdrant_server
from tests.fakes import DIM, unit
from tests.faults.pair import CALLERS, Caller, Pair, calling
from tests.faults.record import record, scaled

__all__ = ["qdrant_server"]  # a fixture

ENOUGH = 40  # answers between two events


@pytest.fixture(scope="module")
def pair(qdrant_server: QdrantServer) -> Iterator[Pair]:
    name = f"pair-{os.getpid()}"
    store = QdrantStore("127.0.0.1", collection=name, http_port=qdrant_server.http_port, grpc_port=qdrant_server.grpc_port)

    async def fill() -> None:
        await store.create(CollectionConfig(name=name, dim=DIM, fingerprint="f"))
        await store.upsert([Point(PointId(number), unit(str(number)), {}) for number in range(20)])
        await store.close()

    asyncio.run(fill())
    pair = Pair(qdrant_server, name)
    try:
        for place in range(2):
            pair.start(place)
        yield pair
    finally:
        pair.close()


def until_more_are_answered(callers: list[Caller]) -> None:
    wanted, deadline = sum(each.answered for each in callers) + ENOUGH, time.monotonic() + 60
    while sum(each.answered for each in callers) < wanted:
        assert time.monotonic() < deadline, [each.lost for each in callers]
        time.sleep(0.02)


def lost(callers: list[Caller]) -> list[str]:
    return [f"{count} times {what}" for each in callers for what, count in each.lost.items() if count]


@pytest.mark.timeout(300)
def test_a_roll_out_loses_nothing(pair: Pair):
    """Each process in turn is told to end, ends in order and is started anew: what it had taken it answers, and it exits with 0."""
    turns, statuses = scaled(2), []
    with calling(pair) as callers:
        for turn in range(turns):
            until_more_are_answered(callers)
            statuses.append(pair.end(turn % 2, signal.SIGTERM))
            until_more_are_answered(callers)
            pair.start(turn % 2)
        until_more_are_answered(callers)
    answered, reconnected = sum(each.answered for each in callers), sum(each.reconnected for each in callers)
    assert statuses == [0] * turns
    record("F-43", turns, lost(callers), measured=f"{answered} searches answered, {reconnected} connections closed, 0 lost")


@pytest.mark.timeout(300)
def test_a_process_that_is_killed_costs_what_it_had_in_flight(pair: Pair):
    """The other one serves on; at most one request of each caller is cut off, and mostly none, as no answer had begun."""
    turns = scaled(2)
    with calling(pair) as callers:
        for turn in range(turns):
            until_more_are_answered(callers)
            pair.end(turn % 2, signal.SIGKILL)
            until_more_are_answered(callers)
            pair.start(turn % 2)
        until_more_are_answered(callers)
    bad = lost(callers)
    assert sum(sum(each.lost.values()) for each in callers) <= turns * CALLERS, bad
    record("F-44", turns, sum("times 5" in each for each in bad), measured=f"{len(bad)} requests cut off by kill -9 of one of two")
