"""One controller acts."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from controller.leader import DURATION, Leader, LeaseLost
from tests.controller.leases import Leases


class Time:
    """Moves when told."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def wall(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)


def leader(leases: Leases, time: Time, name: str) -> Leader:
    cluster: Any = leases
    return Leader(cluster=cluster, namespace="ns", name="lease", identity=name, monotonic=time.monotonic, wall=time.wall)


async def test_the_first_one_holds_and_the_second_waits_until_the_holder_is_silent() -> None:
    """A second controller does nothing while the first renews, and takes over once it has not for as long as it promised."""
    leases, time = Leases(), Time()
    one, two = leader(leases, time, "one"), leader(leases, time, "two")
    assert await one._step()
    for _ in range(10):
        time.seconds += 10
        assert await one._step()
        assert not await two._step()
    assert (one.holds.is_set(), two.holds.is_set()) == (True, False)
    assert not await two._step()
    time.seconds += DURATION + 1
    assert await two._step()
    with pytest.raises(LeaseLost):
        await one._step()


async def test_a_holder_s_wrong_clock_does_not_matter() -> None:
    """What counts is that the Lease changes, not what time it says."""
    leases, time = Leases(), Time()
    other = Time()
    other.seconds = -86_400.0
    one, two = leader(leases, other, "one"), leader(leases, time, "two")
    assert await one._step()
    for _ in range(5):
        other.seconds += 10
        time.seconds += 10
        assert await one._step()
        assert not await two._step()


async def test_two_at_the_same_moment_are_one_holder() -> None:
    """The API server's version check decides; the slower one waits."""
    leases, time = Leases(), Time()
    one, two = leader(leases, time, "one"), leader(leases, time, "two")
    leases.before_put = lambda: leases.steal("two")
    assert not await one._step()
    assert await two._step()


async def test_the_same_pod_comes_back_to_its_own_lease_at_once() -> None:
    """A restarted container does not wait for itself."""
    leases, time = Leases(), Time()
    assert await leader(leases, time, "one")._step()
    assert await leader(leases, time, "one")._step()


async def test_a_holder_that_ends_lets_go() -> None:
    """Its successor, a pod of another name, does not wait out the lease; one that has lost it releases nothing."""
    leases, time = Leases(), Time()
    one, two = leader(leases, time, "one"), leader(leases, time, "two")
    assert await one._step()
    await one.release()
    assert await two._step()
    await one.release()
    assert leases.stored is not None
    assert leases.stored["spec"]["holderIdentity"] == "two"
