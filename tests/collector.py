"""A collector of spans on loopback for tests: OTLP over gRPC, as the real one speaks it; it can be told to hang or to refuse."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceServicer, add_TraceServiceServicer_to_server
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass(slots=True)
class Collector(TraceServiceServicer):
    """`port` is 0 until it runs. `answers` is cleared to let calls hang, `refuses` makes it say that it is exhausted."""

    requests: list[ExportTraceServiceRequest] = field(default_factory=list)
    answers: threading.Event = field(default_factory=threading.Event)
    refuses: bool = False
    port: int = 0

    def Export(self, request: ExportTraceServiceRequest, context: grpc.ServicerContext) -> ExportTraceServiceResponse:  # noqa: N802  # gRPC's
        self.answers.wait(60)
        if self.refuses:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "no")
        self.requests.append(request)
        return ExportTraceServiceResponse()

    def spans(self) -> list[Span]:
        scopes = [scope for request in self.requests for resource in request.resource_spans for scope in resource.scope_spans]
        return [span for scope in scopes for span in scope.spans]

    def resource(self) -> dict[str, str]:
        """Of the first spans that came."""
        attributes = self.requests[0].resource_spans[0].resource.attributes
        return {each.key: each.value.string_value for each in attributes}

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def collector() -> Iterator[Collector]:
    """One that answers."""
    servicer = Collector()
    servicer.answers.set()
    server = grpc.server(ThreadPoolExecutor(4))
    add_TraceServiceServicer_to_server(servicer, server)
    servicer.port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield servicer
    finally:
        servicer.answers.set()
        server.stop(0).wait(10)
