"""`GET /metrics`, and what the service counts."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from observability.metrics import Program, metrics_of
from searchindex.stores.edge import EdgeStore
from service.settings import Settings
from service.telemetry import Telemetry
from tests.fakes import FakeTextEncoder
from tests.service.conftest import COUNT, copy, parts_of, started
from tests.service.seen import OPENMETRICS, Seen, seen_service

TRACEPARENT = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}


@pytest.fixture
async def folder(tmp_path: Path, indexed: Path) -> Path:
    await asyncio.to_thread(copy, indexed, tmp_path)
    return tmp_path


@pytest.fixture
async def seen(folder: Path) -> AsyncIterator[Seen]:
    async with seen_service(folder) as service:
        yield service


async def test_a_search_is_counted_by_what_it_was_and_how_it_ended(seen: Seen):
    """Requests have operation and outcome; a route that is not there is one operation, however many paths are tried."""
    for query in ("x", "x", ""):
        await seen.client.post("/search", json={"query": query})
    await seen.client.get("/facets")
    for n in range(3):
        await seen.client.get(f"/nothing-{n}")
    samples = await seen.samples()
    assert samples["request_duration_seconds_count", "search", "ok"] == 2
    assert samples["request_duration_seconds_count", "search", "invalid"] == 1
    assert samples["request_duration_seconds_count", "facets", "ok"] == 1
    assert samples["request_duration_seconds_count", "none", "invalid"] == 3
    assert samples["requests_in_progress",] == 1  # this one


async def test_stages_are_those_of_server_timing(seen: Seen):
    """One vocabulary: a stage's label is its name in the header, and an answer from the cache has but two."""
    answers = [await seen.client.post("/search", json={"query": "x"}) for _ in range(2)]
    samples = await seen.samples()
    stages = [{part.split(";")[0] for part in answer.headers["server-timing"].split(", ")} - {"total"} for answer in answers]
    counts = {name[1]: value for name, value in samples.items() if name[0] == "stage_duration_seconds_count"}
    assert counts == {stage: sum(stage in each for each in stages) for stage in stages[0]}
    assert counts["cache"] == 2
    assert counts["encode"] == 1


async def test_the_state_is_read_when_it_is_looked_at(seen: Seen):
    """Cache, collection, model and queue."""
    for query in ("x", "x", "y"):
        await seen.client.post("/search", json={"query": query})
    samples = await seen.samples()
    assert (samples["cache_requests_total", "memory", "hit"], samples["cache_requests_total", "memory", "miss"]) == (1, 2)
    assert (samples["collection_points", "test"], samples["ready",], samples["model_loaded",], samples["cache_up", "memory"]) == (
        COUNT,
        1,
        1,
        1,
    )
    assert (samples["encode_queue_depth",], samples["encode_queue_limit",]) == (0, 8)
    assert (samples["encode_texts_total", "encoded"], samples["encode_batch_size_sum",], samples["encode_queue_wait_seconds_count",]) == (
        2,
        2,
        2,
    )
    assert [name for name in samples if name[0] == "model_info"]
    assert [name for name in samples if name[0] == "build_info" and "1.2.3" in name]


class Held(FakeTextEncoder):
    """Encodes nothing until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.free = threading.Event()

    def encode_texts(self, texts):
        self.free.wait(30)
        return super().encode_texts(texts)


async def test_what_the_queue_refuses_and_joins_is_counted(folder: Path):
    """A saturated encoder is seen: its depth, what it sheds, and that equal queries are encoded once."""
    encoder = Held()
    async with seen_service(folder, parts=parts_of(EdgeStore(folder / "store"), encoder)) as seen:
        asked = [asyncio.create_task(seen.client.post("/search", json={"query": f"q{n % 9}"})) for n in range(10)]
        await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)  # the ninth text is one too many
        assert (await seen.samples())["encode_queue_depth",] == 8
        encoder.free.set()
        statuses = sorted(answer.status_code for answer in await asyncio.gather(*asked))
        samples = await seen.samples()
    assert statuses == [200] * 9 + [503]
    assert (samples["encode_texts_total", "shed"], samples["encode_texts_total", "coalesced"]) == (1, 1)
    assert samples["request_duration_seconds_count", "search", "shed"] == 1


async def test_a_caller_that_asks_too_often_is_counted(folder: Path):
    """Under the limit's name, and as `limited` among the requests."""
    async with seen_service(folder, rate_limit_pictures="2/hour") as seen:
        for _ in range(3):
            await seen.client.get("/thumbnails/1")
        samples = await seen.samples()
    assert samples["rate_limited_total", "pictures"] == 1
    assert samples["request_duration_seconds_count", "none", "limited"] == 1


async def test_exemplars_lead_from_a_bar_to_a_trace(seen: Seen):
    """A sampled request leaves its trace's id beside the bucket that it fell in."""
    answer = await seen.client.post("/search", json={"query": "x"}, headers=TRACEPARENT)
    text = (await seen.client.get("/metrics", headers=OPENMETRICS)).text
    assert answer.headers["x-trace-id"] == "a" * 32
    assert f'# {{trace_id="{"a" * 32}"}}' in text
    assert "trace_id" not in (await seen.client.get("/metrics")).text


async def test_every_declared_metric_is_shown(seen: Seen):
    """What a dashboard may name is there from the first scrape, before anything has happened."""
    text = (await seen.client.get("/metrics")).text
    assert [metric.name for metric in metrics_of(Program.SERVICE) if f"# TYPE {metric.name} " not in text] == []


async def test_without_the_package_the_answer_says_what_to_install(folder: Path):
    """The one-process product does without; whoever asks is not left with a bare 404."""
    async with started(Settings(), parts_of(EdgeStore(folder / "store"), FakeTextEncoder()), Telemetry()) as (client, _):
        answer = await client.get("/metrics")
        searched = await client.post("/search", json={"query": "x"})
    assert (answer.status_code, answer.json()["type"]) == (404, "/docs/problems#not-installed")
    assert "searchindex[observability]" in answer.json()["hint"]
    assert (searched.status_code, "x-trace-id" in searched.headers) == (200, False)
