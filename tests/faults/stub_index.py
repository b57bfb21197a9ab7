"""`python -m tests.faults.stub_index FOLDER COLLECTION HTTP_PORT GRPC_PORT LEDGER`: the pipeline with an encoder that costs nothing.

A line of JSON after each batch, as the program writes them.
"""

import asyncio
import json
import sys
from pathlib import Path

import numpy as np

from jobs.folder import Folder
from jobs.index import Indexing, index
from jobs.journal_file import Subject, file_journal
from jobs.ledger import Ledger
from jobs.listing import EVERYTHING
from jobs.patience import Patience
from searchindex.catalogue import find_card
from searchindex.collection import CollectionConfig
from searchindex.stores.qdrant import QdrantStore
from tests.fakes import DIM, unit

CARD = find_card("ResNet10-MiniLM").image
BATCH = 256


class Stub:
    """A vector follows from the first pixel alone."""

    dim = DIM

    def encode_images(self, pixels: np.ndarray) -> np.ndarray:
        return np.stack([unit(row[:, 0, 0].tobytes().hex()) for row in pixels])


def say(ledger: Ledger, _total: int) -> None:
    print(json.dumps({"processed": ledger.seen}), flush=True)  # noqa: T201  # read by the test


async def main(folder: str, collection: str, http_port: str, grpc_port: str, ledger: str) -> None:
    store = QdrantStore("127.0.0.1", collection=collection, http_port=int(http_port), grpc_port=int(grpc_port), timeout=60)
    await store.create(CollectionConfig(name=collection, dim=DIM, fingerprint="stub"))
    with file_journal(Path(ledger), Subject(collection=collection, fingerprint="stub", scope=EVERYTHING)) as journal:
        run = Indexing(
            sources=Folder(Path(folder)),
            store=store,
            encoder=Stub(),
            card=CARD,
            annotations={},
            batch_size=BATCH,
            journal=journal,
            patience=Patience(budget=60),
            optimize=False,
            progress=say,
        )
        await index(run)
    await store.close()


def colour(number: int) -> bytes:
    """A BMP of one pixel in a colour of its own."""
    blue, green, red = number & 255, number >> 8 & 255, number >> 16 & 255
    header = b"BM" + (58).to_bytes(4, "little") + bytes(4) + (54).to_bytes(4, "little")
    facts = (40).to_bytes(4, "little") + (1).to_bytes(4, "little") * 2 + b"\1\0\x18\0" + bytes(24)
    return header + facts + bytes([blue, green, red, 0])


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
