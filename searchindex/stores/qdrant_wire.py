"""Our values -> a Qdrant server's, and back."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qdrant_client import grpc, models
from qdrant_client.conversions.conversion import GrpcToRest, RestToGrpc

from searchindex.collection import CollectionConfig, CollectionState, FieldType
from searchindex.errors import InvalidInput
from searchindex.points import PointId
from searchindex.ports import Point, Record, Vectors
from searchindex.stores import qdrant_metadata as metadata
from searchindex.stores.qdrant_filters import qdrant_filter
from searchindex.stores.ranking import Fetch, Scored, beam

_DENSE_DATA = b"\x0a"  # field 1, length-delimited, of DenseVector in qdrant's points.proto: packed float


def described(config: CollectionConfig, *, name: str) -> dict[str, Any]:
    """What the collection says of itself."""
    return metadata.described(name=name, fingerprint=config.fingerprint, schema=config.schema)


def settings(config: CollectionConfig) -> dict[str, Any]:
    """Keyword arguments of the client's `create_collection`."""
    scalar = models.ScalarQuantizationConfig(
        type=models.ScalarType.INT8, quantile=config.quantization.quantile, always_ram=config.quantization.always_ram
    )
    return {
        "vectors_config": models.VectorParams(size=config.dim, distance=models.Distance.COSINE),
        "hnsw_config": models.HnswConfigDiff(m=config.hnsw.m, ef_construct=config.hnsw.ef_construct),
        "quantization_config": models.ScalarQuantization(scalar=scalar),
        "optimizers_config": models.OptimizersConfigDiff(indexing_threshold=metadata.INDEXING_THRESHOLD),
    }


def state(info: models.CollectionInfo, *, points: int, name: str) -> CollectionState:
    """`points` is the exact count; the server's own is an estimate."""
    return CollectionState(
        name=name,
        dim=dim(info),
        fingerprint=fingerprint(info),
        points=points,
        indexed=min(points, info.indexed_vectors_count or 0),
        status=str(info.status.value),
        schema=schema(info),
    )


def dim(info: models.CollectionInfo) -> int:
    """Of the unnamed vector; 0 where the collection has none."""
    vectors = info.config.params.vectors
    return vectors.size if isinstance(vectors, models.VectorParams) else 0


def fingerprint(info: models.CollectionInfo) -> str:
    """Empty where another program made the collection, or nothing has been put in yet."""
    return metadata.fingerprint(info.config.metadata)


def schema(info: models.CollectionInfo) -> dict[str, FieldType]:
    """The payload indexes of the types we know."""
    known = {str(kind) for kind in FieldType}
    types = {field: str(index.data_type.value) for field, index in info.payload_schema.items()}
    return {field: FieldType(kind) for field, kind in types.items() if kind in known}


def point_struct(point: Point, row: NDArray[np.float32]) -> grpc.PointStruct:
    """InvalidInput where id or payload cannot be stored."""
    try:
        return grpc.PointStruct(
            id=grpc.PointId(num=point.id),
            vectors=grpc.Vectors(vector=grpc.Vector(dense=_dense(row))),
            payload=RestToGrpc.convert_payload(point.payload),
        )
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidInput(f"The id or the payload of point {point.id} cannot be stored.", hint="A payload is plain JSON.") from error


def point_structs(points: Sequence[Point], rows: Vectors) -> list[grpc.PointStruct]:
    return [point_struct(point, row) for point, row in zip(points, rows, strict=True)]


def query_request(asked: Fetch, *, ef: int) -> models.QueryRequest:
    query = asked.query
    return models.QueryRequest(
        limit=asked.depth,
        query=query.vector.tolist(),
        with_payload=asked.with_payload,
        filter=qdrant_filter(query.filter),
        params=_exact() if query.exact else _params(asked.depth, ef),
    )


def query_batch(requests: Sequence[models.QueryRequest], collection: str) -> grpc.QueryBatchPoints:
    points = [RestToGrpc.convert_query_request(each, collection) for each in requests]
    return grpc.QueryBatchPoints(collection_name=collection, query_points=points)


def scored(response: grpc.BatchResult) -> list[Scored]:
    points = map(GrpcToRest.convert_scored_point, response.result)
    return [(PointId(int(hit.id)), hit.score, hit.payload) for hit in points]


def record(found: models.Record) -> Record:
    vector = None if found.vector is None else np.asarray(found.vector, np.float32)
    return Record(PointId(int(found.id)), found.payload or {}, vector)


def get_points(ids: Sequence[PointId], collection: str, *, with_vectors: bool) -> grpc.GetPoints:
    return grpc.GetPoints(
        collection_name=collection,
        ids=[grpc.PointId(num=each) for each in ids],
        with_payload=grpc.WithPayloadSelector(enable=True),
        with_vectors=grpc.WithVectorsSelector(enable=with_vectors),
    )


def retrieved(found: grpc.RetrievedPoint) -> Record:
    """Servers up to 1.16 fill `data`, which later ones replace by `dense`."""
    vector = found.vectors.vector
    data = vector.dense.data if vector.HasField("dense") else vector.data
    row = np.fromiter(data, np.float32, len(data)) if found.HasField("vectors") else None
    return Record(PointId(found.id.num), GrpcToRest.convert_payload(found.payload), row)


def _dense(row: NDArray[np.float32]) -> grpc.DenseVector:
    """As bytes, without a Python float for each component."""
    data = row.astype("<f4", copy=False).tobytes()
    vector = grpc.DenseVector()
    vector.ParseFromString(_DENSE_DATA + _varint(len(data)) + data)
    return vector


def _varint(number: int) -> bytes:
    """Seven bits a byte, lowest first, the top bit set where more follow."""
    if number < 1 << 7:
        return bytes([number])
    return bytes([number % 128 + 128]) + _varint(number >> 7)


def _params(depth: int, ef: int) -> models.SearchParams:
    width = beam(depth, ef=ef)
    rescore = models.QuantizationSearchParams(rescore=True, oversampling=width / depth)
    return models.SearchParams(hnsw_ef=width, quantization=rescore)


def _exact() -> models.SearchParams:
    return models.SearchParams(exact=True, quantization=models.QuantizationSearchParams(ignore=True))
