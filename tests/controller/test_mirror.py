"""What the watches said, and who claims what."""

from typing import Any

from controller.mirror import Mirror
from controller.observed import Key


def manifest(name: str, *, made: str, host: str = "qdrant", collection: str | None = None, namespace: str = "ns") -> dict[str, Any]:
    spec: dict[str, Any] = {"store": {"host": host}}
    if collection:
        spec["collectionName"] = collection
    return {"metadata": {"namespace": namespace, "name": name, "uid": f"uid-{name}", "creationTimestamp": made}, "spec": spec}


OLD, YOUNG = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"


def test_the_oldest_claimant_has_no_rival() -> None:
    """The same alias in the same store: the oldest wins, whoever was seen first."""
    mirror = Mirror()
    old, young = manifest("old", made=OLD, collection="shared"), manifest("young", made=YOUNG, collection="shared")
    mirror.saw_index(young)
    mirror.saw_index(old)
    assert mirror.rival(young) == Key("ns", "old")
    assert mirror.rival(old) is None


def test_equal_ages_are_decided_by_uid() -> None:
    """Two made in the same second do not wait for one another."""
    mirror = Mirror()
    a, b = manifest("a", made=OLD, collection="shared"), manifest("b", made=OLD, collection="shared")
    mirror.saw_index(a)
    mirror.saw_index(b)
    assert (mirror.rival(a), mirror.rival(b)) == (None, Key("ns", "a"))


def test_another_store_is_no_rival() -> None:
    """A short host name means the service of the namespace; a full one the same server from everywhere."""
    mirror = Mirror()
    here = manifest("x", made=YOUNG, host="qdrant.one.svc", namespace="one")
    other = manifest("x", made=OLD, host="qdrant", namespace="two")
    same = manifest("y", made=OLD, host="qdrant", namespace="one", collection="x")
    for each in (here, other):
        mirror.saw_index(each)
    assert mirror.rival(here) is None
    mirror.saw_index(same)
    assert mirror.rival(here) == Key("one", "y")


def test_who_waited_is_woken_when_the_rival_goes() -> None:
    """The younger one is looked at at once, not at the next resync."""
    mirror = Mirror()
    old, young = manifest("old", made=OLD, collection="shared"), manifest("young", made=YOUNG, collection="shared")
    mirror.saw_index(old)
    assert set(mirror.saw_index(young)) == {Key("ns", "old"), Key("ns", "young")}
    assert set(mirror.lost_index(Key("ns", "old"))) == {Key("ns", "old"), Key("ns", "young")}
    assert mirror.rival(young) is None
    assert mirror.lost_index(Key("ns", "old")) == ()


def test_jobs_are_found_by_their_label() -> None:
    """A Job belongs to the index that it is labelled with."""
    mirror = Mirror()
    job = {"metadata": {"namespace": "ns", "name": "run", "labels": {"searchindex.dev/index": "a"}}}
    assert mirror.saw_job(job) == Key("ns", "a")
    assert mirror.jobs(Key("ns", "a")) == [job]
    mirror.lost_job(job)
    assert mirror.jobs(Key("ns", "a")) == []
