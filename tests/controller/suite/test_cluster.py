"""What every Cluster does: the fake, lightkube on an emulated API server, and lightkube on a real one.

A real one needs the CustomResourceDefinition and a namespace; give it as the fixtures `cluster`, `namespace` and `people` (what users and
Kubernetes itself do to objects).
"""

from typing import Any, Protocol

import pytest

from controller.observed import Key, Manifest
from controller.ports import Cluster, ClusterError

LABEL = "searchindex.dev/index"


class People(Protocol):
    """Whoever else changes objects."""

    async def create(self, plural: str, namespace: str, manifest: Manifest) -> Manifest: ...

    async def get(self, plural: str, namespace: str, name: str) -> Manifest | None: ...

    async def list(self, plural: str, namespace: str) -> list[Manifest]: ...

    async def label(self, plural: str, namespace: str, name: str, labels: dict[str, str]) -> None: ...


def an_index(name: str = "products") -> Manifest:
    spec = {
        "store": {"host": "qdrant"},
        "model": {"name": "ResNet10-MiniLM/pictograms"},
        "sources": [{"name": "pictures", "pvc": {"claimName": "pictures"}}],
    }
    return {"apiVersion": "searchindex.dev/v1alpha1", "kind": "SearchIndex", "metadata": {"name": name}, "spec": spec}


def a_job(name: str = "products-r1-0a1b2c3d", *, index: str = "products", **spec: Any) -> Manifest:
    pod = {"restartPolicy": "Never", "containers": [{"name": "indexer", "image": "searchindex-jobs:none"}]}
    job = {"completions": 2, "parallelism": 1, "completionMode": "Indexed", "suspend": True, "template": {"spec": pod}}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "labels": {LABEL: index}}, "spec": job | spec}


async def test_a_search_index_is_read_as_it_is(cluster: Cluster, people: People, namespace: str) -> None:
    """What the plan is made from is the object, with its uid and version; what is not there is None."""
    key = Key(namespace, "products")
    assert await cluster.index(key) is None
    made = await people.create("searchindexes", namespace, an_index())
    found = await cluster.index(key)
    assert found is not None
    assert found["metadata"]["uid"] == made["metadata"]["uid"]
    assert found["spec"]["model"] == {"name": "ResNet10-MiniLM/pictograms"}
    assert [each["metadata"]["name"] for each in await cluster.indexes() if each["metadata"]["namespace"] == namespace] == ["products"]


async def test_a_status_is_replaced_as_a_whole(cluster: Cluster, people: People, namespace: str) -> None:
    """What the new status no longer says is gone, and the spec's generation does not move."""
    key = Key(namespace, "products")
    await people.create("searchindexes", namespace, an_index())
    await cluster.set_status(key, {"observedGeneration": 1, "selector": "a=b"})
    await cluster.set_status(key, {"observedGeneration": 1, "indexingPods": 2})
    found = await cluster.index(key)
    assert found is not None
    assert found["status"] == {"observedGeneration": 1, "indexingPods": 2}
    assert found["metadata"]["generation"] == 1


async def test_a_heartbeat_changes_nothing_else(cluster: Cluster, people: People, namespace: str) -> None:
    """It is written beside whatever status there is, and there need not be anything to write to."""
    key = Key(namespace, "products")
    await cluster.touch(key, "2026-01-01T00:00:00Z")
    await people.create("searchindexes", namespace, an_index())
    await cluster.set_status(key, {"observedGeneration": 1, "selector": "a=b"})
    await cluster.touch(key, "2026-01-01T00:00:00Z")
    found = await cluster.index(key)
    assert found is not None
    assert found["status"] == {"observedGeneration": 1, "selector": "a=b", "heartbeatTime": "2026-01-01T00:00:00Z"}


async def test_a_status_of_nothing_is_an_error(cluster: Cluster, namespace: str) -> None:
    """Whoever deleted it has been faster."""
    with pytest.raises(ClusterError) as missing:
        await cluster.set_status(Key(namespace, "products"), {"observedGeneration": 1})
    assert missing.value.status == 404


async def test_finalizers_are_set_on_the_version_that_was_read(cluster: Cluster, people: People, namespace: str) -> None:
    """An object that has changed meanwhile is looked at again before anything is concluded from it."""
    key = Key(namespace, "products")
    made = await people.create("searchindexes", namespace, an_index())
    version = made["metadata"]["resourceVersion"]
    await cluster.set_finalizers(key, ["searchindex.dev/collections"], resource_version=version)
    found = await cluster.index(key)
    assert found is not None
    assert found["metadata"]["finalizers"] == ["searchindex.dev/collections"]
    with pytest.raises(ClusterError) as stale:
        await cluster.set_finalizers(key, [], resource_version=version)
    assert stale.value.status == 409
    await cluster.set_finalizers(key, [], resource_version=found["metadata"]["resourceVersion"])
    released = await cluster.index(key)
    assert released is not None
    assert not released["metadata"].get("finalizers")


async def test_jobs_are_found_by_their_index(cluster: Cluster, namespace: str) -> None:
    """Another SearchIndex's Jobs are none of this one's business."""
    await cluster.apply_job(namespace, a_job())
    await cluster.apply_job(namespace, a_job("others-r1-0a1b2c3d", index="others"))
    assert [job["metadata"]["name"] for job in await cluster.jobs(Key(namespace, "products"))] == ["products-r1-0a1b2c3d"]


async def test_applying_a_job_is_idempotent_and_leaves_foreign_fields(cluster: Cluster, people: People, namespace: str) -> None:
    """What users put on the Job stays; what the controller no longer says goes; the same again is no change."""
    await cluster.apply_job(namespace, a_job(ttlSecondsAfterFinished=60))
    name = a_job()["metadata"]["name"]
    await people.label("jobs", namespace, name, {"team": "search"})
    await cluster.apply_job(namespace, a_job(parallelism=2))
    (job,) = await cluster.jobs(Key(namespace, "products"))
    assert (job["spec"]["parallelism"], job["metadata"]["labels"]["team"]) == (2, "search")
    assert "ttlSecondsAfterFinished" not in job["spec"]
    generation = job["metadata"]["generation"]
    await cluster.apply_job(namespace, a_job(parallelism=2))
    (again,) = await cluster.jobs(Key(namespace, "products"))
    assert again["metadata"]["generation"] == generation


async def test_deleting_a_job_twice_is_deleting_it_once(cluster: Cluster, namespace: str) -> None:
    """A second reconcile may come before the first one's deletion is seen."""
    await cluster.apply_job(namespace, a_job())
    name = a_job()["metadata"]["name"]
    await cluster.delete_job(namespace, name)
    await cluster.delete_job(namespace, name)
    assert all("deletionTimestamp" in job["metadata"] for job in await cluster.jobs(Key(namespace, "products")))


async def test_a_job_is_given_its_time_to_live(cluster: Cluster, namespace: str) -> None:
    """What else the Job says stays as it is; one that is gone needs none."""
    await cluster.apply_job(namespace, a_job())
    name = a_job()["metadata"]["name"]
    await cluster.expire_job(namespace, name, 60)
    (job,) = await cluster.jobs(Key(namespace, "products"))
    assert job["spec"]["ttlSecondsAfterFinished"] == 60
    assert job["spec"]["completions"] == a_job()["spec"]["completions"]
    await cluster.expire_job(namespace, "gone", 60)


async def test_pods_are_found_by_their_job(cluster: Cluster, people: People, namespace: str) -> None:
    """Only this Job's pods are asked for progress."""
    for job in ("mine", "other"):
        labels = {"batch.kubernetes.io/job-name": job}
        spec = {"containers": [{"name": "indexer", "image": "searchindex-jobs:none"}]}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"{job}-0", "labels": labels}, "spec": spec}
        await people.create("pods", namespace, pod)
    assert [pod["metadata"]["name"] for pod in await cluster.pods(namespace, "mine")] == ["mine-0"]


async def test_a_secret_is_decoded(cluster: Cluster, people: People, namespace: str) -> None:
    """The key that is sent to the store is the key that was put into the Secret."""
    assert await cluster.secret(namespace, "store") is None
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "store"}, "data": {"api-key": "c2VjcmV0"}}
    await people.create("secrets", namespace, secret)
    assert await cluster.secret(namespace, "store") == {"api-key": b"secret"}


async def test_a_namespace_that_is_not_there_is_as_good_as_terminating(cluster: Cluster, namespace: str) -> None:
    """Nothing is waited for in a namespace that goes away."""
    assert not await cluster.namespace_terminating(namespace)
    assert await cluster.namespace_terminating(f"{namespace}-gone")


async def test_an_event_names_its_search_index(cluster: Cluster, people: People, namespace: str) -> None:
    """`kubectl describe` finds Events by name and uid; a long message is cut, not refused."""
    made = await people.create("searchindexes", namespace, an_index())
    uid = made["metadata"]["uid"]
    for message in ("1000 indexed", "x" * 5000):
        await cluster.record_event(Key(namespace, "products"), uid, kind="Normal", reason="RunSucceeded", message=message)
    events = await people.list("events", namespace)
    assert {(each["involvedObject"]["name"], each["involvedObject"]["uid"]) for each in events} == {("products", uid)}
    assert {(each["type"], each["reason"]) for each in events} == {("Normal", "RunSucceeded")}
    assert len(events) == 2


async def test_a_lease_is_taken_by_one(cluster: Cluster, namespace: str) -> None:
    """Of two that write the same version, or create at the same time, one hears a conflict."""
    assert await cluster.lease(namespace, "controller") is None
    spec = {"holderIdentity": "a", "leaseDurationSeconds": 30}
    fresh = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "controller"}, "spec": spec}
    await cluster.put_lease(namespace, fresh)
    with pytest.raises(ClusterError) as created:
        await cluster.put_lease(namespace, fresh)
    read = await cluster.lease(namespace, "controller")
    assert read is not None
    await cluster.put_lease(namespace, read | {"spec": spec | {"holderIdentity": "b"}})
    with pytest.raises(ClusterError) as replaced:
        await cluster.put_lease(namespace, read)
    assert (created.value.status, replaced.value.status) == (409, 409)
    held = await cluster.lease(namespace, "controller")
    assert held is not None
    assert held["spec"]["holderIdentity"] == "b"
