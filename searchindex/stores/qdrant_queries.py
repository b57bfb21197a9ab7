"""What is asked of a Qdrant server, and what it found.

Messages are made without the client's models, which cost the event loop more than the vector itself; conditions alone go by way of them.
"""

from collections.abc import Sequence

from qdrant_client import grpc
from qdrant_client.conversions.conversion import RestToGrpc

from searchindex.filters import Filter
from searchindex.points import PointId
from searchindex.stores.qdrant_bytes import dense_bytes
from searchindex.stores.qdrant_filters import qdrant_filter
from searchindex.stores.qdrant_payload import payload_of
from searchindex.stores.ranking import Fetch, Scored, beam

EXACT = grpc.SearchParams(exact=True, quantization=grpc.QuantizationSearchParams(ignore=True))


def query_batch(asked: Sequence[Fetch], *, ef: int, collection: str) -> grpc.QueryBatchPoints:
    points = [query_points(each, ef=ef, collection=collection) for each in asked]
    return grpc.QueryBatchPoints(collection_name=collection, query_points=points)


def query_points(asked: Fetch, *, ef: int, collection: str) -> grpc.QueryPoints:
    query = asked.query
    vector = grpc.VectorInput(dense=grpc.DenseVector.FromString(dense_bytes(query.vector)))
    return grpc.QueryPoints(
        collection_name=collection,
        query=grpc.Query(nearest=vector),
        filter=_filter(query.filter),
        params=EXACT if query.exact else _params(asked.depth, ef),
        limit=asked.depth,
        with_payload=grpc.WithPayloadSelector(enable=asked.with_payload),
    )


def scored(response: grpc.BatchResult) -> list[Scored]:
    return [(PointId(hit.id.num), hit.score, payload_of(hit.payload) if hit.payload else None) for hit in response.result]


def _filter(tree: Filter | None) -> grpc.Filter | None:
    wanted = qdrant_filter(tree)
    return None if wanted is None else RestToGrpc.convert_filter(wanted)


def _params(depth: int, ef: int) -> grpc.SearchParams:
    width = beam(depth, ef=ef)
    rescore = grpc.QuantizationSearchParams(rescore=True, oversampling=width / depth)
    return grpc.SearchParams(hnsw_ef=width, quantization=rescore)
