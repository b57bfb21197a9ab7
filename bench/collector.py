"""A collector of spans on loopback that takes everything and keeps nothing: `python -m bench.collector`.

Prints its port, and ends when standard input does. A process of its own, so that its work is not counted as the service's.
"""

import sys
from concurrent.futures import ThreadPoolExecutor

import grpc  # type: ignore[import-untyped]

from bench.listening import LOOPBACK

SERVICE = "opentelemetry.proto.collector.trace.v1.TraceService"


def main() -> None:
    server = grpc.server(ThreadPoolExecutor(1))
    export = grpc.unary_unary_rpc_method_handler(lambda _request, _context: b"")  # an empty message: all was taken
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, {"Export": export}),))
    print(server.add_insecure_port(f"{LOOPBACK}:0"), flush=True)
    server.start()
    sys.stdin.read()
    server.stop(0).wait()


if __name__ == "__main__":
    main()
