"""Spans of requests and their stages."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import grpc
import pytest
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased
from opentelemetry.trace import SpanKind, StatusCode
from qdrant_client.grpc import QueryBatchResponse

from observability.stages import Stage, StageClock
from observability.tracing import Tracing
from searchindex.errors import StoreUnavailable
from searchindex.ports import Hit, Query
from searchindex.stores.edge import EdgeStore
from searchindex.stores.qdrant import QdrantStore
from service.settings import Settings
from service.telemetry import Telemetry, describe_stages
from tests.fakes import FakeTextEncoder, unit
from tests.service.conftest import CARD, copy, parts_of, started
from tests.service.seen import Seen, in_memory, seen_service

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SAMPLED = {"traceparent": f"00-{TRACE}-{PARENT}-01", "tracestate": "vendor=1"}


@pytest.fixture
async def folder(tmp_path: Path, indexed: Path) -> Path:
    await asyncio.to_thread(copy, indexed, tmp_path)
    return tmp_path


@pytest.fixture
async def seen(folder: Path) -> AsyncIterator[Seen]:
    async with seen_service(folder) as service:
        yield service


async def test_a_search_is_one_trace(seen: Seen):
    """The request is a child of the caller's span, and every stage a child of the request, with the header's names."""
    answer = await seen.client.post("/search", json={"query": "x"}, headers=SAMPLED)
    request = seen.named("POST /search")
    assert (request.kind, f"{request.context.trace_id:032x}", f"{request.parent.span_id:016x}") == (SpanKind.SERVER, TRACE, PARENT)
    stages = [each for each in seen.spans() if each is not request]
    assert {each.parent.span_id for each in stages} == {request.context.span_id}
    named = {part.split(";")[0] for part in answer.headers["server-timing"].split(", ")}
    assert {each.name for each in stages} == named - {"total"}
    assert answer.headers["x-trace-id"] == TRACE


async def test_what_a_span_says(seen: Seen):
    """OpenTelemetry's names for HTTP and databases; how long the query waited; never its words."""
    await seen.client.post("/search", json={"query": "secret words"})
    attributes = dict(seen.named("POST /search").attributes)
    assert {
        "http.request.method": "POST",
        "http.route": "/search",
        "http.response.status_code": 200,
        "url.scheme": "http",
    }.items() <= attributes.items()
    searched = dict(seen.named("search").attributes)
    assert searched == {"db.system.name": "qdrant", "db.operation.name": "query", "db.collection.name": "images"} | {
        name: value for name, value in searched.items() if name.startswith("server.")
    }
    encoded = dict(seen.named("encode").attributes)
    assert encoded["gen_ai.request.model"] == CARD.name
    assert encoded["searchindex.encode.wait_seconds"] >= 0
    assert dict(seen.named("cache").attributes) == {"searchindex.cache.hits": 0}
    assert "secret words" not in repr([each.to_json() for each in seen.spans()])


async def test_a_span_lasts_as_long_as_its_stage(seen: Seen):
    """The header's figure and the span's are one measurement, and stages lie within their request."""
    answer = await seen.client.post("/search", json={"query": "x"})
    header = {part.split(";dur=")[0]: float(part.split("=")[1]) for part in answer.headers["server-timing"].split(", ")}
    request = seen.named("POST /search")
    for stage in ("cache", "encode", "search", "assemble"):
        span = seen.named(stage)
        assert abs((span.end_time - span.start_time) / 1e6 - header[stage]) <= 0.0051  # the header has two digits
        assert request.start_time - 1_000_000 <= span.start_time <= span.end_time <= request.end_time + 1_000_000


@pytest.mark.parametrize(
    "header",
    [
        "",
        "00",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-zz",
        "x" * 5000,
        "\xff",
    ],
)
async def test_a_bad_traceparent_is_ignored(seen: Seen, header: str):
    """The request is answered and gets a trace of its own (W3C Trace Context, 3.2.2)."""
    answer = await seen.client.post("/search", json={"query": "x"}, headers={"traceparent": header.encode("latin-1")})
    assert answer.status_code == 200
    assert seen.named("POST /search").parent is None
    assert answer.headers["x-trace-id"] not in {TRACE, "0" * 32}


async def test_what_is_not_sampled_costs_no_spans(folder: Path):
    """Neither here nor for a caller that decided against it; the answer still has the trace's id, for the log."""
    async with seen_service(folder, sampler=ParentBased(ALWAYS_OFF)) as seen:
        answers = [
            await seen.client.post("/search", json={"query": "x"}, headers=headers)
            for headers in ({}, {"traceparent": f"00-{TRACE}-{PARENT}-00"})
        ]
        assert seen.spans() == []
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[1].headers["x-trace-id"] == TRACE


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/health", "/metrics"])
async def test_probes_are_not_traced(seen: Seen, path: str):
    """They come all the time and would be most of what a collector keeps."""
    before = len(seen.spans())
    answer = await seen.client.get(path, headers=SAMPLED)
    assert ("x-trace-id" in answer.headers, len(seen.spans())) == (False, before)


class Broken:
    """A store that fails as `error` says."""

    def __init__(self, store: EdgeStore, error: Exception) -> None:
        self._store, self._error = store, error

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def at(self, _name: str) -> "Broken":
        return self

    async def search(self, _queries: list[Query]) -> list[list[Hit]]:
        raise self._error


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [(StoreUnavailable("away"), 503, "store-unavailable"), (RuntimeError("password=hunter2"), 500, "500")],
)
async def test_a_failing_call_is_an_error(folder: Path, error: Exception, status: int, kind: str):
    """The stage and the request are both marked, with a word for what it was and nothing of its text."""
    parts = parts_of(EdgeStore(folder / "store"), FakeTextEncoder())
    async with seen_service(folder, parts=replace(parts, store=Broken(parts.store, error))) as seen:
        answer = await seen.client.post("/search", json={"query": "x"})
        failed, request = seen.named("search"), seen.named("POST /search")
        assert "assemble" not in {each.name for each in seen.spans()}
    assert answer.status_code == status
    assert (failed.status.status_code, failed.attributes["error.type"]) == (StatusCode.ERROR, type(error).__name__)
    assert (request.status.status_code, request.attributes["error.type"]) == (StatusCode.ERROR, kind)
    assert "hunter2" not in failed.to_json() + request.to_json()
    assert answer.headers["x-trace-id"] == f"{request.context.trace_id:032x}"


async def test_a_callers_mistake_is_no_error_of_ours(seen: Seen):
    """4xx leaves the request's span as it is (semantic conventions for HTTP servers)."""
    for query in ("", " "):
        assert (await seen.client.post("/search", json={"query": query})).status_code == 422
    assert {each.status.status_code for each in seen.spans() if each.name == "POST /search"} == {StatusCode.UNSET}


async def test_an_unknown_method_and_path_name_few_spans(seen: Seen):
    """Names and methods of spans are few, whatever is sent."""
    await seen.client.request("BREW", "/coffee-1")
    (span,) = seen.spans()
    assert (span.name, span.attributes["http.request.method"]) == ("_OTHER", "_OTHER")


async def test_searches_at_once_have_their_own_stages(seen: Seen):
    """Though one run of the encoder serves them all."""
    await asyncio.gather(*(seen.client.post("/search", json={"query": f"q{n}"}) for n in range(5)))
    spans = {each.context.span_id: each for each in seen.spans()}
    encodes = [each for each in spans.values() if each.name == "encode"]
    assert len({each.parent.span_id for each in encodes}) == len(encodes) == 5
    assert all(spans[each.parent.span_id].name == "POST /search" for each in encodes)


async def test_qdrant_is_told_of_the_trace():
    """The call carries `traceparent` of the span of the stage, and `tracestate`, beside what the client sends anyway."""
    received: list[dict[str, str]] = []

    async def query_batch(_request: bytes, context: grpc.aio.ServicerContext) -> bytes:
        received.append(dict(context.invocation_metadata() or ()))
        return QueryBatchResponse().SerializeToString()

    server = grpc.aio.server()
    handlers = {"QueryBatch": grpc.unary_unary_rpc_method_handler(query_batch)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("qdrant.Points", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    exporter, provider = in_memory()
    tracing = Tracing(provider)
    store = QdrantStore("127.0.0.1", collection="x", grpc_port=port, api_key="k", metadata=tracing.outgoing)
    describe_stages(tracing, Settings(qdrant_host="127.0.0.1", qdrant_grpc_port=port), CARD)
    span = tracing.begin("POST", SAMPLED)
    with StageClock(span).stage(Stage.SEARCH), pytest.raises((ValueError, IndexError, StoreUnavailable)):
        await store.search([Query(vector=unit("x"), limit=1)])  # this server answers nothing
    span.end("POST /search", {})
    await store.close()
    await server.stop(0)
    searched = exporter.get_finished_spans()[0]
    assert received[0]["traceparent"] == f"00-{TRACE}-{searched.context.span_id:016x}-01"
    assert (received[0]["tracestate"], received[0]["api-key"]) == ("vendor=1", "k")
    assert (searched.kind, searched.attributes["server.port"]) == (SpanKind.CLIENT, port)


async def test_without_tracing_nothing_is_sent_along(folder: Path):
    """Off by default: no header, no spans, and FastAPI's own telemetry stays off as well."""
    async with started(Settings(), parts_of(EdgeStore(folder / "store"), FakeTextEncoder()), Telemetry()) as (client, _):
        answer = await client.post("/search", json={"query": "x"}, headers=SAMPLED)
    assert (answer.status_code, "x-trace-id" in answer.headers) == (200, False)
