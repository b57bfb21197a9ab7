"""Our values -> a Qdrant server's, and back."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qdrant_client import grpc, models

from searchindex.collection import CollectionConfig, CollectionState, FieldType
from searchindex.errors import InvalidInput
from searchindex.points import PointId
from searchindex.ports import Point, Record, Vectors
from searchindex.stores import qdrant_metadata as metadata
from searchindex.stores.qdrant_bytes import point_bytes, upsert_bytes
from searchindex.stores.qdrant_payload import payload_of


def described(config: CollectionConfig, *, name: str) -> dict[str, Any]:
    """What the collection says of itself."""
    return metadata.described(name=name, fingerprint=config.fingerprint, schema=config.schema)


def settings(config: CollectionConfig, *, deferred: bool = False) -> dict[str, Any]:
    """Keyword arguments of the client's `create_collection`. `deferred`: no graph is built until a threshold is set."""
    scalar = models.ScalarQuantizationConfig(
        type=models.ScalarType.INT8, quantile=config.quantization.quantile, always_ram=config.quantization.always_ram
    )
    threads = config.build_threads or None
    return {
        "vectors_config": models.VectorParams(size=config.dim, distance=models.Distance.COSINE, on_disk=config.on_disk or None),
        "hnsw_config": models.HnswConfigDiff(m=config.hnsw.m, ef_construct=config.hnsw.ef_construct, max_indexing_threads=threads),
        "quantization_config": models.ScalarQuantization(scalar=scalar),
        "optimizers_config": models.OptimizersConfigDiff(
            indexing_threshold=0 if deferred else metadata.INDEXING_THRESHOLD, max_optimization_threads=threads
        ),
    }


def built(info: models.CollectionInfo) -> bool:
    """Whether what is not in a graph is only what segments may keep without one.

    A collection is green also in the moment before it begins to build.
    """
    most = info.segments_count * metadata.INDEXING_THRESHOLD * 1024 // (4 * max(1, dim(info)))
    return (info.points_count or 0) - (info.indexed_vectors_count or 0) <= most


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


def upsert_points(points: Sequence[Point], rows: Vectors, *, collection: str) -> grpc.UpsertPoints:
    """Applied before it is answered. InvalidInput where an id or a payload cannot be stored."""
    made = b"".join(upsert_bytes(_point(point, row)) for point, row in zip(points, rows, strict=True))
    message = grpc.UpsertPoints()
    message.ParseFromString(made)
    message.collection_name, message.wait = collection, True
    return message


def _point(point: Point, row: NDArray[np.float32]) -> bytes:
    try:
        return point_bytes(point.id, row, point.payload)
    except (TypeError, ValueError, OverflowError, AttributeError, RecursionError) as error:
        raise InvalidInput(f"The id or the payload of point {point.id} cannot be stored.", hint="A payload is plain JSON.") from error


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
    return Record(PointId(found.id.num), payload_of(found.payload), row)
