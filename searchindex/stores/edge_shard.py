"""A collection's settings -> Qdrant Edge's, and one opened shard. All calls block."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import qdrant_edge as engine
from numpy.typing import NDArray

from searchindex.collection import CollectionConfig, CollectionState, FieldType
from searchindex.errors import InvalidInput
from searchindex.filters import Filter
from searchindex.points import PointId
from searchindex.ports import Point, Record, Vectors
from searchindex.stores.edge_bools import mirror_path, with_mirrors, without_mirrors
from searchindex.stores.edge_filters import edge_filter
from searchindex.stores.ranking import Fetch, Scored, beam

INDEXING_THRESHOLD = 10_000  # kilobytes of vectors in a segment; below, comparing with all of them is exact and fast
STALL = 256  # points in one update: the engine holds the interpreter's lock throughout, some milliseconds for so many

_INDEXES = {
    FieldType.KEYWORD: engine.PayloadSchemaType.Keyword,
    FieldType.INTEGER: engine.PayloadSchemaType.Integer,
    FieldType.FLOAT: engine.PayloadSchemaType.Float,
    FieldType.BOOL: engine.PayloadSchemaType.Bool,
    FieldType.DATETIME: engine.PayloadSchemaType.Datetime,
}


@dataclass(frozen=True, slots=True)
class OpenShard:
    """An engine's shard with the configuration it was made with."""

    name: str
    shard: engine.EdgeShard
    config: CollectionConfig

    @classmethod
    def create(cls, path: Path, config: CollectionConfig) -> "OpenShard":
        shard = engine.EdgeShard.create(str(path), _settings(config))
        for field, kind in config.schema.items():
            shard.update(engine.UpdateOperation.create_field_index(field, _INDEXES[kind]))
            if kind is FieldType.BOOL:
                shard.update(engine.UpdateOperation.create_field_index(mirror_path(field), _INDEXES[FieldType.INTEGER]))
        shard.flush()
        return cls(path.name, shard, config)

    @classmethod
    def load(cls, path: Path, config: CollectionConfig) -> "OpenShard":
        return cls(path.name, engine.EdgeShard.load(str(path)), config)

    def upsert(self, points: Sequence[Point], rows: Vectors) -> None:
        """`rows` [n, dim] are the points' vectors, checked."""
        for start in range(0, len(points), STALL):
            batch = zip(points[start : start + STALL], rows[start : start + STALL], strict=True)
            made = [self._point(point, row) for point, row in batch]
            self.shard.update(engine.UpdateOperation.upsert_points(made))

    def _point(self, point: Point, row: NDArray[np.float32]) -> engine.Point:
        try:
            return engine.Point(point.id, row.tolist(), with_mirrors(point.payload, schema=self.config.schema))
        except (TypeError, ValueError, OverflowError) as error:
            raise InvalidInput(f"The id or the payload of point {point.id} cannot be stored.", hint="A payload is plain JSON.") from error

    def search(self, asked: Sequence[Fetch]) -> list[list[Scored]]:
        requests = [self._request(each) for each in asked]
        found = self.shard.query_batch(engine.QueryBatchRequest(requests))
        return [[_scored(hit, each) for hit in hits] for hits, each in zip(found, asked, strict=True)]

    def _request(self, asked: Fetch) -> engine.QueryRequest:
        query = asked.query
        return engine.QueryRequest(
            limit=asked.depth,
            query=engine.Query.Nearest(query.vector.tolist()),
            with_payload=asked.with_payload,
            filter=edge_filter(query.filter),
            params=_exact() if query.exact else self._params(asked.depth),
        )

    def _params(self, depth: int) -> engine.SearchParams:
        width = beam(depth, ef=self.config.hnsw.ef)
        rescore = engine.QuantizationSearchParams(rescore=True, oversampling=width / depth)
        return engine.SearchParams(hnsw_ef=width, quantization=rescore)

    def retrieve(self, ids: Sequence[PointId], *, with_vectors: bool) -> list[Record]:
        found = self.shard.retrieve(list(ids), with_payload=True, with_vector=with_vectors)
        known = {record.id: _record(record, with_vector=with_vectors) for record in found}
        return [known[wanted] for wanted in ids if wanted in known]

    def scroll(self, start: PointId, *, limit: int) -> tuple[list[Record], PointId | None]:
        """The first `limit` points from id `start` on, and where to go on."""
        request = engine.ScrollRequest(offset=start, limit=limit, with_payload=True, with_vector=False)
        found, following = self.shard.scroll(request)
        return [_record(record, with_vector=False) for record in found], None if following is None else _id(following)

    def delete(self, ids: Sequence[PointId]) -> None:
        for start in range(0, len(ids), STALL):
            self.shard.update(engine.UpdateOperation.delete_points(list(ids[start : start + STALL])))

    def count(self, filter: Filter | None) -> int:
        return self.shard.count(engine.CountRequest(exact=True, filter=edge_filter(filter)))

    def facet(self, field: str, *, limit: int, filter: Filter | None) -> list[tuple[str, int]]:
        request = engine.FacetRequest(field, limit=limit, exact=True, filter=edge_filter(filter))
        # values that only deleted points had are listed with a count of 0
        return [(str(hit.value), hit.count) for hit in self.shard.facet(request).hits if hit.count]

    def state(self) -> CollectionState:
        """Nothing is ever optimised behind the caller's back, so the collection is always green."""
        config, points = self.config, self.count(None)
        return CollectionState(
            name=config.name,
            dim=config.dim,
            fingerprint=config.fingerprint,
            points=points,
            indexed=min(points, self.shard.info().indexed_vectors_count),
            status="green",
            schema=dict(config.schema),
        )

    def is_small(self) -> bool:
        """Whether all vectors together stay below the threshold, so that optimising builds no graph and takes milliseconds."""
        return 4 * self.config.dim * self.shard.info().points_count <= INDEXING_THRESHOLD * 1024

    def close(self) -> None:
        self.shard.flush()
        self.shard.close()


def _id(raw: Any) -> PointId:
    """The engine knows UUIDs too; ours are integers."""
    return PointId(int(raw))


def _scored(hit: engine.ScoredPoint, asked: Fetch) -> Scored:
    return _id(hit.id), hit.score, without_mirrors(hit.payload) if asked.with_payload else None


def _record(record: engine.Record, *, with_vector: bool) -> Record:
    vector = np.asarray(record.vector, np.float32) if with_vector else None
    return Record(_id(record.id), without_mirrors(record.payload), vector)


def _exact() -> engine.SearchParams:
    return engine.SearchParams(exact=True, quantization=engine.QuantizationSearchParams(ignore=True))


def _settings(config: CollectionConfig) -> engine.EdgeConfig:
    quantization = engine.ScalarQuantizationConfig(
        type=engine.ScalarType.Int8, quantile=config.quantization.quantile, always_ram=config.quantization.always_ram
    )
    hnsw = engine.HnswIndexConfig(m=config.hnsw.m, ef_construct=config.hnsw.ef_construct, full_scan_threshold=INDEXING_THRESHOLD)
    return engine.EdgeConfig(
        vectors=engine.EdgeVectorParams(size=config.dim, distance=engine.Distance.Cosine),
        hnsw_config=hnsw,
        quantization_config=quantization,
        optimizers=engine.EdgeOptimizersConfig(indexing_threshold=INDEXING_THRESHOLD),
    )
