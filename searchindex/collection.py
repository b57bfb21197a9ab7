"""What a collection looks like: plain values that both stores translate. Defaults are the ones published for the product."""

from dataclasses import dataclass, field
from enum import StrEnum


class FieldType(StrEnum):
    """Payload field types, named as Qdrant's payload index types."""

    KEYWORD = "keyword"
    INTEGER = "integer"
    FLOAT = "float"
    BOOL = "bool"
    DATETIME = "datetime"


PAYLOAD_SCHEMA: dict[str, FieldType] = {
    "category": FieldType.KEYWORD,
    "file_name": FieldType.KEYWORD,
    "file_path": FieldType.KEYWORD,
    "format": FieldType.KEYWORD,
    "tags": FieldType.KEYWORD,
    "content_hash": FieldType.KEYWORD,
    "width": FieldType.INTEGER,
    "height": FieldType.INTEGER,
    "taken_at": FieldType.DATETIME,
    "indexed_at": FieldType.DATETIME,
}

PLACE_SCHEMA: dict[str, FieldType] = {"location.lon": FieldType.FLOAT, "location.lat": FieldType.FLOAT}  # where places are stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Hnsw:
    """HNSW graph: `m` edges per node, `ef_construct` candidates while building, `ef` while searching.

    Source: Malkov and Yashunin, arXiv 1603.09320; names are Qdrant's.
    """

    m: int = 16
    ef_construct: int = 200
    ef: int = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalarQuantization:
    """int8 per component; values beyond `quantile` are clipped. Originals are kept and used to rescore."""

    quantile: float = 0.99
    always_ram: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionConfig:
    """One collection of unit vectors of `dim` float32 under cosine distance, built with one model `fingerprint`.

    For a server: `on_disk` keeps the originals on disk and only what is searched in RAM; `build_threads` is how many threads build
    its graph, so that other collections are searched meanwhile; 0 leaves that to the engine.
    """

    name: str
    dim: int
    fingerprint: str
    hnsw: Hnsw = field(default_factory=Hnsw)
    quantization: ScalarQuantization = field(default_factory=ScalarQuantization)
    schema: dict[str, FieldType] = field(default_factory=lambda: dict(PAYLOAD_SCHEMA))
    on_disk: bool = False
    build_threads: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionState:
    """What is there. `status`: `green` when every optimisation is done, else the store's own word."""

    name: str
    dim: int
    fingerprint: str
    points: int
    indexed: int
    status: str
    schema: dict[str, FieldType]
