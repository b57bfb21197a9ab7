"""The whole controller over the fakes: it survives being killed before and after each of its writes (fault case F-29)."""

import logging
from dataclasses import replace

import pytest

from controller.conditions import Reason
from controller.names import TRACE_ID
from controller.ports import ClusterError, StoreError
from tests.controller.life import KEY, Life
from tests.faults.record import record

OTHER = {"model": {"name": "ViT-B-32/laion2b_s34b_b79k"}}


async def create(life: Life) -> None:
    life.apply(reclaimPolicy="Delete")
    await life.settle()
    life.finish_jobs()
    await life.settle()


async def update(life: Life) -> None:
    life.apply(**OTHER, rollout={"revisionHistoryLimit": 0})
    await life.settle()
    life.finish_jobs()
    await life.settle()


async def delete(life: Life) -> None:
    life.delete()
    await life.settle()


async def whole(life: Life) -> None:
    for flow in (create, update, delete):
        await flow(life)


async def remains_of(life: Life, until: int) -> dict[str, object]:
    for flow in (create, update, delete)[:until]:
        await flow(life)
    return life.remains()


async def test_a_whole_life_leaves_nothing_behind() -> None:
    """Created, changed and deleted with Delete: no Job, collection, alias or finalizer is left."""
    life = Life()
    await create(life)
    assert life.remains()["indexes"][0][2]["conditions"]["Ready"] == ("True", "Available")
    await update(life)
    assert len(life.store.collections) == 1
    await delete(life)
    assert life.remains() == {"indexes": [], "jobs": [], "collections": {}, "aliases": {}}


async def test_the_line_of_a_run_names_its_trace(caplog: pytest.LogCaptureFixture) -> None:
    """It is joined with what the run's pods say; other actions have none."""
    life = Life()
    with caplog.at_level(logging.INFO, logger="controller.reconcile"):
        await create(life)
    told = {record.action: getattr(record, "trace_id", None) for record in caplog.records if record.message == "apply"}
    (job,) = life.cluster.objects.listed("jobs")
    assert told["ApplyJob"] == job["metadata"]["annotations"][TRACE_ID]
    assert told["CreateCollection"] is None


@pytest.mark.parametrize("until", [1, 2, 3])
async def test_killed_before_or_after_any_write_it_ends_the_same(until: int) -> None:
    """Every write of create, of create and update, of a whole life: the next controller ends where an undisturbed one ends."""
    undisturbed = Life()
    golden = await remains_of(undisturbed, until)
    points = diverged = 0
    for kill_at in range(1, len(undisturbed.writes) + 1):
        for kill_after in (False, True):
            life = Life(kill_at=kill_at, kill_after=kill_after)
            ended = await remains_of(life, until)
            points += life.deaths
            diverged += ended != golden
            assert ended == golden, f"killed {'after' if kill_after else 'before'} write {kill_at}, {undisturbed.writes[kill_at - 1]}"
    assert points == 2 * len(undisturbed.writes)
    record("F-29", cases=points, bad=diverged)


async def test_an_idle_index_costs_the_api_server_nothing() -> None:
    """A look at what is as it should be neither reads nor writes through the API."""
    life = Life()
    await create(life)
    called: list[str] = []
    life.cluster.before_call = called.append
    for _ in range(3):
        await life.controller().reconcile(KEY)
    assert called == []


async def test_what_is_at_rest_is_still_looked_at() -> None:
    """A change in the store alone, without any event, is seen at the next look."""
    life = Life()
    await create(life)
    await life.controller().reconcile(KEY)
    (name,) = life.store.collections
    there = life.store.collections[name]
    life.store.collections[name] = replace(there, settings=replace(there.settings, hnsw_m=77))
    await life.settle()
    assert life.store.collections[name].settings.hnsw_m == 16


async def test_a_store_that_refuses_is_said_and_tried_again() -> None:
    """The status has the store's words; when it gives in, all is well."""
    life = Life()
    life.apply()
    real = life.store.create

    async def refused(_wanted: object) -> None:
        raise StoreError("no space left on device", reason=Reason.STORE_REFUSED)

    life.store.create = refused  # type: ignore[method-assign]  # a server that refuses this one thing
    await life.controller().reconcile(KEY)
    status = life.cluster.objects.get("searchindexes", *life.place)["status"]
    ready = next(each for each in status["conditions"] if each["type"] == "Ready")
    assert (ready["status"], ready["reason"], ready["message"]) == ("False", "StoreRefused", "no space left on device")
    life.store.create = real  # type: ignore[method-assign]
    await life.settle()
    assert len(life.store.collections) == 1


async def test_an_api_server_that_fails_is_the_queue_s_business() -> None:
    """The error is raised, for the queue to wait longer each time; nothing was half decided."""
    life = Life()
    life.apply()
    life.cluster.failing = ClusterError("no answer", status=0)
    with pytest.raises(ClusterError):
        await life.controller().reconcile(KEY)
    life.cluster.failing = None
    await life.settle()
    assert len(life.store.collections) == 1


async def test_a_spec_of_another_version_is_said() -> None:
    """What cannot be read is Stalled with the field's name, and nothing else is touched."""
    life = Life()
    life.apply(hnsw={"m": "many"})
    await life.settle()
    (_, _, said) = life.remains()["indexes"][0]
    assert said["conditions"]["Stalled"] == ("True", "InvalidSpec")
    assert life.store.collections == {}


async def test_a_spec_of_another_version_does_not_hang_in_deletion() -> None:
    """What cannot be read cannot be dropped: the finalizer is let go, and an Event says what stays."""
    life = Life()
    await create(life)
    life.apply(hnsw={"m": "many"})
    life.delete()
    await life.settle()
    assert life.remains()["indexes"] == []
    reasons = {each["reason"] for each in life.cluster.objects.listed("events")}
    assert "CollectionLeftBehind" in reasons


async def test_a_resource_that_is_gone_is_nothing_to_do() -> None:
    """A late event of a deleted index neither fails nor makes anything."""
    life = Life()
    await life.settle()
    assert life.writes == []
