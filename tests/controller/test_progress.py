"""Asking pods over HTTP: what they answer, and how seldom they are asked."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from controller.progress import FRESH_SECONDS, Progress
from tests.controller.fakes import FakeCluster
from tests.controller.suite.test_cluster import a_job
from tests.controller.test_pods import said
from tests.engines import free_ports

LABEL_JOB = "batch.kubernetes.io/job-name"


@asynccontextmanager
async def a_pod(answer: Callable[[], web.Response]) -> AsyncIterator[int]:
    """The port where it serves `/progress`."""

    async def handle(_: web.Request) -> web.Response:
        return answer()

    app = web.Application()
    app.router.add_get("/progress", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


class Place:
    """A Job with one running pod, and a clock."""

    def __init__(self, *, port: int) -> None:
        self.cluster = FakeCluster()
        self.calls: list[str] = []
        self.cluster.before_call = self.calls.append
        self.now = 0.0
        self.job = self.cluster.objects.apply("jobs", "shop", "job", a_job("job"))
        status = {"phase": "Running", "podIP": "127.0.0.1"}
        self.cluster.objects.create("pods", "shop", {"metadata": {"name": "job-0", "labels": {LABEL_JOB: "job"}}, "status": status})
        self.progress = Progress(self.cluster, port=port, clock=lambda: self.now)

    def end(self) -> None:
        self.job["status"] = {"conditions": [{"type": "Complete", "status": "True"}]}


async def test_a_running_pod_is_asked() -> None:
    """Its answer becomes the run's counts."""
    async with a_pod(lambda: web.json_response(said(total=10, indexed=4, images_per_second=2.0))) as port:
        place = Place(port=port)
        report = await place.progress.of(place.job)
        await place.progress.close()
    assert (report.counts.total, report.counts.indexed, report.counts.images_per_second) == (10, 4, 2.0)


@pytest.mark.parametrize(
    "answer",
    [
        web.Response(status=404, text="{}"),
        web.Response(text="<html>"),
        web.Response(body=b"\xff\xfe"),
        web.Response(text=json.dumps([1])),
        web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"}),
    ],
    ids=["not-yet", "html", "bytes", "list", "redirect"],
)
async def test_a_pod_that_says_nothing_useful_is_passed_over(answer: web.Response) -> None:
    """Progress is a courtesy; the run does not depend on it."""
    async with a_pod(lambda: answer) as port:
        place = Place(port=port)
        assert (await place.progress.of(place.job)).counts.total == 0
        await place.progress.close()


async def test_a_pod_that_is_away_is_passed_over() -> None:
    """A network policy may forbid the question."""
    place = Place(port=free_ports(1)[0])
    assert (await place.progress.of(place.job)).counts.total == 0
    await place.progress.close()


async def test_the_looks_of_one_reconcile_share_an_answer() -> None:
    """And the next reconcile asks again."""
    numbers = iter(range(1, 10))
    async with a_pod(lambda: web.json_response(said(total=10, indexed=next(numbers)))) as port:
        place = Place(port=port)
        seen = [(await place.progress.of(place.job)).counts.indexed for _ in range(3)]
        place.now += FRESH_SECONDS
        seen.append((await place.progress.of(place.job)).counts.indexed)
        await place.progress.close()
    assert seen == [1, 1, 1, 2]


async def test_an_ended_job_is_asked_once() -> None:
    """What it said stays, also when its pods are gone; a day of kept Jobs costs nothing."""
    place = Place(port=free_ports(1)[0])
    place.end()
    termination = {"terminated": {"exitCode": 0, "message": json.dumps(said(total=10, indexed=10, reason="Completed"))}}
    status = {"phase": "Succeeded", "containerStatuses": [{"name": "indexer", "state": termination}]}
    place.cluster.objects.set_status("pods", "shop", "job-0", status)
    first = await place.progress.of(place.job)
    place.cluster.objects.delete("pods", "shop", "job-0")
    place.now += 3600
    assert await place.progress.of(place.job) == first
    assert (first.counts.indexed, place.calls) == (10, ["pods"])
    place.progress.forget([place.job["metadata"]["uid"]])
    assert (await place.progress.of(place.job)).counts.indexed == 0


async def test_a_job_that_ends_is_asked_for_its_last_word() -> None:
    """What was heard a moment before is not the end of it."""
    place = Place(port=free_ports(1)[0])
    await place.progress.of(place.job)
    place.end()
    await place.progress.of(place.job)
    assert place.calls == ["pods", "pods"]
    await place.progress.close()


@pytest.mark.parametrize("phase", [None, "Succeeded", "Failed"])
async def test_a_job_without_a_living_pod_is_asked_again_once_it_has_changed(phase: str | None) -> None:
    """Hundreds of suspended indexes cost the API server nothing; a pod that is made is seen, because its Job says so."""
    place = Place(port=free_ports(1)[0])
    if phase is None:
        place.cluster.objects.delete("pods", "shop", "job-0")
    else:
        place.cluster.objects.set_status("pods", "shop", "job-0", {"phase": phase})
    for _ in range(3):
        await place.progress.of(place.job)
        place.now += 25
    assert place.calls == ["pods"]
    place.job["metadata"]["resourceVersion"] = "later"
    await place.progress.of(place.job)
    assert place.calls == ["pods", "pods"]
    await place.progress.close()


async def test_a_pod_that_waits_is_looked_at_again() -> None:
    """What keeps it from running changes while its Job stays as it is."""
    place = Place(port=free_ports(1)[0])
    place.cluster.objects.set_status("pods", "shop", "job-0", {"phase": "Pending"})
    for _ in range(2):
        await place.progress.of(place.job)
        place.now += 25
    assert place.calls == ["pods", "pods"]
