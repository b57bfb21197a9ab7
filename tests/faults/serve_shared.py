"""A service of several on one Qdrant server: `python -m tests.faults.serve_shared QDRANT_HTTP QDRANT_GRPC COLLECTION PORT`.

The encoder is a stand-in that takes some time, so that there is always something in flight; everything else is the product.
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import replace

from searchindex.stores.qdrant import QdrantStore
from service.app import create_app
from service.server import listen, run
from service.settings import Settings
from tests.fakes import FakeTextEncoder
from tests.service.conftest import parts_of

EACH = 0.02  # seconds of one batch


class Slow(FakeTextEncoder):
    def encode_texts(self, texts: Sequence[str]):
        time.sleep(EACH)
        return super().encode_texts(texts)


def main(http: str, grpc: str, collection: str, port: str) -> None:
    store = QdrantStore("127.0.0.1", collection=collection, http_port=int(http), grpc_port=int(grpc))
    parts = replace(parts_of(store, Slow(), queue=64), wait=30.0)  # this is not about too much load
    run(create_app(Settings(cache_entries=0), parts=parts), listen("127.0.0.1", int(port)))


if __name__ == "__main__":
    main(*sys.argv[1:])
