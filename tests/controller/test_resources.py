"""Manifests -> values."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from controller.observed import Counts, Key
from controller.resources import count_indexes, job_of, resource_of
from searchindex.errors import InvalidInput
from searchindex.status import SearchIndexStatus
from tests.controller.suite.test_cluster import an_index

CREATED = "2026-01-01T00:00:00Z"


def manifest(**changes: Any) -> dict[str, Any]:
    metadata = {
        "name": "products",
        "namespace": "shop",
        "uid": "uid-1",
        "generation": 4,
        "creationTimestamp": CREATED,
        "resourceVersion": "77",
    }
    return an_index() | {"metadata": metadata} | changes


def job(status: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    annotations = {
        "searchindex.dev/trigger": "0a1b2c3d-0",
        "searchindex.dev/template-hash": "11112222",
        "searchindex.dev/schedule-time": "2026-01-01T03:00:00+00:00",
    }
    metadata = {
        "name": "products-r3-abcd",
        "namespace": "shop",
        "creationTimestamp": CREATED,
        "labels": {"searchindex.dev/revision": "3"},
        "annotations": annotations,
    }
    return {"metadata": metadata, "spec": {"completions": 8, "parallelism": 4} | spec, "status": status or {}}


def seen(document: dict[str, Any]) -> Any:
    return job_of(document, counts=Counts(), problem=None)


def test_a_resource_is_read_whole() -> None:
    """Everything that a plan decides on comes from the manifest."""
    resource = resource_of(manifest(status={"observedGeneration": 4, "selector": "a=b"}))
    assert (resource.key, resource.uid, resource.generation, resource.resource_version) == (Key("shop", "products"), "uid-1", 4, "77")
    assert resource.created == datetime(2026, 1, 1, tzinfo=UTC)
    assert (resource.status.selector, resource.deleted, resource.finalizers, resource.annotations) == ("a=b", None, (), {})


def test_a_spec_that_cannot_be_read_says_where() -> None:
    """It was made by another version's schema; nothing is echoed of it."""
    with pytest.raises(InvalidInput, match=r"spec\.store\.httpPort") as refused:
        resource_of(manifest(spec=an_index()["spec"] | {"store": {"host": "qdrant", "httpPort": "a-secret"}}))
    assert "a-secret" not in str(refused.value)


@pytest.mark.parametrize("spec", [None, [], "x", {"store": 7}])
def test_a_spec_of_another_kind_is_an_error_too(spec: Any) -> None:
    """The API server's schema is checked by an API server, not by this program; it must not fall over."""
    with pytest.raises(InvalidInput):
        resource_of(manifest(spec=spec))


def test_a_status_that_cannot_be_read_is_made_anew() -> None:
    """Whatever stands there, the controller goes on from the spec and the store."""
    assert resource_of(manifest(status={"conditions": "none"})).status == SearchIndexStatus()


def test_a_job_under_way() -> None:
    """Its own numbers, and what our annotations say."""
    view = seen(job({"active": 4, "succeeded": 1, "failed": 9, "failedIndexes": "", "startTime": CREATED}))
    assert (view.name, view.revision, view.trigger, view.template_hash) == ("products-r3-abcd", 3, "0a1b2c3d-0", "11112222")
    assert (view.completions, view.parallelism, view.active, view.succeeded, view.failed) == (8, 4, 4, 1, 0)
    assert view.schedule_time == datetime(2026, 1, 1, 3, tzinfo=timezone(timedelta(0)))
    assert (view.result, view.started, view.suspended, view.deleting, view.ttl) == (
        None,
        datetime(2026, 1, 1, tzinfo=UTC),
        False,
        False,
        None,
    )


@pytest.mark.parametrize(("type_", "result"), [("Complete", "Succeeded"), ("Failed", "Failed")])
def test_a_job_that_has_ended(type_: str, result: str) -> None:
    """Its condition says how and when."""
    end = {"type": type_, "status": "True", "message": "said", "lastTransitionTime": CREATED}
    view = seen(job({"conditions": [{"type": "FailureTarget", "status": "True"}, end]}))
    assert (view.result, view.result_message, view.ended) == (result, "said", datetime(2026, 1, 1, tzinfo=UTC))


def test_a_job_is_not_over_before_its_pods_are() -> None:
    """`FailureTarget` and `SuccessCriteriaMet` announce an end; pods may still write."""
    announced = [{"type": "FailureTarget", "status": "True"}, {"type": "Complete", "status": "False"}]
    assert seen(job({"conditions": announced})).result is None


def test_a_job_stripped_of_everything_is_still_a_job() -> None:
    """People edit labels and annotations."""
    bare = {"metadata": {"name": "x", "creationTimestamp": CREATED}}
    assert (seen(bare).revision, seen(bare).trigger, seen(bare).completions) == (0, "", 1)
    odd = job()
    odd["metadata"]["labels"]["searchindex.dev/revision"] = "three"
    odd["metadata"]["annotations"]["searchindex.dev/schedule-time"] = "yesterday"
    assert (seen(odd).revision, seen(odd).schedule_time) == (0, None)


@pytest.mark.parametrize(("text", "count"), [("", 0), ("3", 1), ("1,3-5,7", 5), ("0-99", 100)])
def test_a_list_of_indexes_is_counted(text: str, count: int) -> None:
    """As Kubernetes compresses it."""
    assert count_indexes(text) == count
