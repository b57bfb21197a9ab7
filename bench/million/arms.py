"""One question asked in three ways: by the product, by Qdrant's own client with the published settings, and exactly."""

import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from qdrant_client import AsyncQdrantClient, models

from bench.vectors import recall
from searchindex.ports import Query
from searchindex.stores.qdrant import QdrantStore
from tests.engines import QdrantServer

EF, OVERSAMPLING, TOP = 128, 2.0, 10
MS = 1000.0
Row = NDArray[np.float32]


@dataclass(slots=True)
class Asked:
    """Milliseconds of each search, and what it found."""

    ms: list[float] = field(default_factory=list)
    found: list[list[int]] = field(default_factory=list)


class Product:
    """`searchindex.stores.qdrant`, as the service searches with it."""

    def __init__(self, server: QdrantServer, collection: str) -> None:
        self._store = QdrantStore(server.host, collection=collection, http_port=server.http_port, grpc_port=server.grpc_port, timeout=120)

    async def search(self, row: Row, *, exact: bool = False) -> list[int]:
        (hits,) = await self._store.search([Query(vector=row, limit=TOP, exact=exact)])
        return [hit.id for hit in hits]

    async def close(self) -> None:
        await self._store.close()


class Bare:
    """Qdrant's client over gRPC: ef 128, int8 with oversampling 2 and rescoring, payloads returned."""

    def __init__(self, server: QdrantServer, collection: str) -> None:
        self._collection = collection
        self._client = AsyncQdrantClient(
            host=server.host,
            port=server.http_port,
            grpc_port=server.grpc_port,
            prefer_grpc=True,
            check_compatibility=False,
            timeout=120,
            grpc_options={"grpc.compression_enabled_algorithms_bitset": 1},  # else it lets the server compress, which takes longer
        )
        quantization = models.QuantizationSearchParams(rescore=True, oversampling=OVERSAMPLING)
        self._params = models.SearchParams(hnsw_ef=EF, quantization=quantization)

    async def search(self, row: Row) -> list[int]:
        asked = row.tolist()
        found = await self._client.query_points(self._collection, query=asked, limit=TOP, search_params=self._params, with_payload=True)
        return [int(each.id) for each in found.points]

    async def close(self) -> None:
        await self._client.close()


async def in_turn(arms: Sequence[Product | Bare], rows: Sequence[Row]) -> list[Asked]:
    """Each question to each arm, A B B A, so that none finds the caches warmer than another on average."""
    asked = [Asked() for _ in arms]
    orders = itertools.cycle((list(range(len(arms))), list(reversed(range(len(arms))))))
    for row, order in zip(rows, orders, strict=False):
        for place in order:
            began = time.perf_counter()
            found = await arms[place].search(row)
            asked[place].ms.append(MS * (time.perf_counter() - began))
            asked[place].found.append(found)
    return asked


async def recalls(product: Product, rows: Sequence[Row], asked: Sequence[Asked]) -> list[float]:
    """Of each arm, against an exact search."""
    truth = np.array([await product.search(row, exact=True) for row in rows])
    return [recall(each.found[: len(rows)], truth) for each in asked]
