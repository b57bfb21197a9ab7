"""What a run is seen by: one trace for all its pods, a few spans, lines that name it; and that a run never suffers from it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from qdrant_client.grpc import PointsOperationResponse

from jobs.steps import Step, Steps
from observability.telemetry import ENDPOINTS
from observability.tracing import Tracing
from searchindex.points import PointId
from searchindex.ports import Point
from searchindex.stores.qdrant import QdrantStore
from tests.collector import Collector, collector
from tests.engines import QdrantServer, free_ports
from tests.fakes import unit
from tests.jobs.processes import environment, finish, run, start
from tests.pictures import folder_of
from tests.service.seen import in_memory

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
ENDPOINT = ENDPOINTS[1].lower()


@pytest.fixture
def running() -> Iterator[Collector]:
    with collector() as found:
        yield found


@pytest.fixture
def settings(qdrant_server: QdrantServer, collection: str, tmp_path: Path) -> dict[str, str]:
    folder = folder_of(tmp_path / "pictures", 20)
    return environment(qdrant_server, collection, folder, index_batch_size=8, traceparent=f"00-{TRACE}-{PARENT}-01")


async def test_a_run_is_one_trace(settings: dict[str, str], on_server: QdrantStore, running: Collector):
    """Both shards are children of the run that their controller named; steps are children of their shard."""
    shards = [settings | {ENDPOINT.upper(): running.endpoint, "SHARD_COUNT": "2", "SHARD_INDEX": f"{number}"} for number in range(2)]
    endings = await asyncio.gather(*(asyncio.to_thread(run, shard) for shard in shards))
    assert [(status, summary["trace_id"]) for status, summary, _ in endings] == [(0, TRACE), (0, TRACE)]
    spans = running.spans()
    roots = {span.span_id: span for span in spans if span.name == "index"}
    assert len(roots) == 2
    assert {span.trace_id.hex() for span in spans} == {TRACE}
    assert {root.parent_span_id.hex() for root in roots.values()} == {PARENT}
    assert {span.parent_span_id for span in spans if span.name != "index"} == set(roots)
    assert {span.name for span in spans} == {"index", "list", "compare", "decode", "encode", "upsert"}
    told = {each.key: each.value.int_value for root in roots.values() for each in root.attributes if each.key.endswith(".indexed")}
    assert 0 < told["searchindex.pictures.indexed"] < 20
    assert await on_server.count() == 20


@pytest.mark.usefixtures("on_server")
async def test_qdrant_is_told_of_the_trace():
    """A slow upsert is found in the server's own traces: the call carries the context of its step."""
    received: list[dict[str, str]] = []

    async def upsert(_request: bytes, context: grpc.aio.ServicerContext) -> bytes:
        received.append(dict(context.invocation_metadata() or ()))
        return PointsOperationResponse().SerializeToString()

    server = grpc.aio.server()
    handlers = {"Upsert": grpc.unary_unary_rpc_method_handler(upsert)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("qdrant.Points", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    exporter, provider = in_memory()
    tracing = Tracing(provider)
    store = QdrantStore("127.0.0.1", collection="x", grpc_port=port, metadata=tracing.outgoing)
    span = tracing.begin_run("index", {"traceparent": f"00-{TRACE}-{PARENT}-01"})
    with Steps(span).step(Step.UPSERT, batch=0, size=1):
        await store.upsert([Point(PointId(1), unit("x"), {})])
    span.end("index")
    await store.close()
    await server.stop(0)
    stored = exporter.get_finished_spans()[0]
    assert received[0]["traceparent"] == f"00-{TRACE}-{stored.context.span_id:016x}-01"


async def test_a_collector_that_hangs_costs_a_run_nothing(settings: dict[str, str], running: Collector):
    """It is indexed, and ends with status 0, in order, while its spans are lost."""
    running.answers.clear()
    status, summary, said = await asyncio.to_thread(run, settings | {ENDPOINT.upper(): running.endpoint})
    assert (status, summary["indexed"]) == (0, 20), said


async def test_a_run_that_fails_says_so_in_its_trace(settings: dict[str, str], running: Collector):
    """The reason is that of the exit status."""
    wrong = {"QDRANT_GRPC_PORT": str(free_ports(1)[0]), "QDRANT_RETRY_SECONDS": "0", ENDPOINT.upper(): running.endpoint}
    status, _, _ = await asyncio.to_thread(run, settings | wrong)
    (root,) = [span for span in running.spans() if span.name == "index"]
    said = {each.key: each.value.string_value for each in root.attributes}
    assert (status, said["error.type"], root.status.code) == (4, "StoreUnavailable", 2)


@pytest.mark.usefixtures("on_server")
async def test_lines_name_the_run_without_a_collector_too(settings: dict[str, str]):
    """Whoever reads the lines of all shards finds those of one run; a trace context that is none is ignored."""
    for given, expected in ((settings["TRACEPARENT"], TRACE), ("nonsense", None)):
        process = start(settings | {"TRACEPARENT": given})
        status, summary, _ = await asyncio.to_thread(finish, process)
        assert (status, summary.get("trace_id")) == (0, expected)


@pytest.mark.usefixtures("on_server")
async def test_what_cannot_be_traced_with_is_named(settings: dict[str, str]):
    """As every other setting, before anything is done."""
    status, summary, _ = await asyncio.to_thread(run, settings | {"OTEL_TRACES_EXPORTER": "zipkin"})
    assert (status, summary["reason"]) == (3, "BadConfiguration")
    assert "OTEL_TRACES_EXPORTER" in summary["message"]
