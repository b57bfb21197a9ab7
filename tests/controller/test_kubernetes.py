"""lightkube against an API server in trouble: every call ends, and says what the matter is."""

import asyncio

import pytest
from aiohttp import web

from controller.observed import Key
from controller.ports import ClusterError
from tests.controller.api_server import ApiServer
from tests.controller.conftest import cluster_on
from tests.controller.suite.test_cluster import a_job, an_index
from tests.engines import free_ports

KEY = Key("shop", "products")


async def test_an_api_server_that_is_away_is_status_0(server: ApiServer) -> None:
    """Nothing follows from an answer that was not given."""
    server.url = f"http://127.0.0.1:{free_ports(1)[0]}"
    cluster = cluster_on(server)
    with pytest.raises(ClusterError, match="cannot be reached") as away:
        await cluster.index(KEY)
    assert away.value.status == 0
    await cluster.close()


async def test_an_api_server_that_does_not_answer_is_given_up(server: ApiServer) -> None:
    """A worker of the queue is never held up for good."""
    server.stall = asyncio.Event()
    cluster = cluster_on(server, timeout=0.2)
    with pytest.raises(ClusterError) as silent:
        await cluster.jobs(KEY)
    assert silent.value.status == 0
    server.stall.set()
    await cluster.close()


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (web.Response(status=503, text="upstream connect error", content_type="text/plain"), 503),
        (web.Response(status=429, body=b""), 429),
        (web.json_response({"kind": "Status", "message": "forbidden", "code": 403}, status=403), 403),
        (web.Response(status=200, text="<html>", content_type="text/html"), 0),
    ],
    ids=["proxy", "busy", "forbidden", "not-json"],
)
async def test_whatever_is_answered_is_a_cluster_error(server: ApiServer, answer: web.Response, status: int) -> None:
    """Proxies answer in their own words; none of them may end the process."""
    server.answer = answer
    cluster = cluster_on(server)
    with pytest.raises(ClusterError) as refused:
        await cluster.index(KEY)
    assert refused.value.status == status
    await cluster.close()


async def test_a_404_of_a_write_is_an_error(server: ApiServer) -> None:
    """Absence is an answer to a read only."""
    cluster = cluster_on(server)
    with pytest.raises(ClusterError) as missing:
        await cluster.set_finalizers(KEY, [], resource_version="1")
    assert missing.value.status == 404
    await cluster.close()


async def test_a_job_that_is_deleted_waits_for_its_pods(server: ApiServer) -> None:
    """A collection is dropped only when no pod writes into it: the Job stays visible until then."""
    cluster = cluster_on(server)
    await cluster.apply_job("shop", a_job())
    name = a_job()["metadata"]["name"]
    pod = {"metadata": {"name": f"{name}-0", "labels": {"batch.kubernetes.io/job-name": name}}}
    server.objects.create("pods", "shop", pod)
    await cluster.delete_job("shop", name)
    (job,) = await cluster.jobs(KEY)
    assert "deletionTimestamp" in job["metadata"]
    server.objects.delete("pods", "shop", f"{name}-0")
    assert await cluster.jobs(KEY) == []
    await cluster.close()


async def test_only_the_namespaces_that_are_watched_are_listed(server: ApiServer) -> None:
    """A controller with rights in one namespace must not ask for all."""
    for namespace in ("shop", "lab"):
        server.objects.create("searchindexes", namespace, an_index())
    cluster = cluster_on(server, namespaces=["lab"])
    assert [each["metadata"]["namespace"] for each in await cluster.indexes()] == ["lab"]
    assert [request.path for request in server.requests] == ["/apis/searchindex.dev/v1alpha1/namespaces/lab/searchindexes"]
    await cluster.close()


async def test_a_namespace_that_may_not_be_seen_holds_nothing_up(server: ApiServer) -> None:
    """A controller with rights in one namespace still releases what is deleted there."""
    cluster = cluster_on(server)
    server.answer = web.json_response({"kind": "Status", "message": "forbidden", "code": 403}, status=403)
    assert not await cluster.namespace_terminating("shop")
    await cluster.close()
