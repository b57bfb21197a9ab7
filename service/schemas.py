"""What callers send and get. The models are the source of the OpenAPI document."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr, StringConstraints

from observability.latency import LatencySummary

TopK = Annotated[StrictInt, Field(ge=1, le=100, description="How many results.", examples=[10])]
Offset = Annotated[StrictInt, Field(ge=0, le=10_000, description="How many results to pass over: the next page begins here.")]
Threshold = Annotated[StrictFloat | StrictInt, Field(ge=0, le=1, description="Least cosine similarity of a result.")]
Filters = Annotated[dict[str, Any], Field(description="Conditions on declared fields.", examples=[{"category": "food-drink"}])]
Key = Annotated[StrictStr, StringConstraints(pattern=r"^[0-9]{1,19}$"), Field(description="A result's `key`.")]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    top_k: TopK | None = None
    score_threshold: Threshold | None = None
    filters: Filters | None = None
    offset: Offset = 0


class SearchRequest(_Request):
    """Search by text."""

    query: Annotated[StrictStr, Field(min_length=1, max_length=512, description="What the picture shows.", examples=["red heart"])]
    include_explanation: StrictBool = False


class SimilarRequest(_Request):
    """Search by a picture that is in the index."""

    key: Key


class Metadata(BaseModel):
    """What is known of a picture: the fields of the seed, and whatever else was indexed."""

    model_config = ConfigDict(extra="allow")

    file_path: str
    file_name: str
    s3_key: str | None = None
    width: int
    height: int
    category: str | None = None


class SearchResult(BaseModel):
    """`id` is a 63-bit integer, which JavaScript cannot hold; `key` is the same as text."""

    id: int
    key: str
    score: Annotated[float, Field(le=1, description="Cosine similarity.")]
    metadata: Metadata


class SearchAnswer(BaseModel):
    """`total`: how many results this answer holds."""

    query: str | None
    results: list[SearchResult]
    total: int
    latency_ms: float
    cached: bool
    explanation: str | None = None


class Health(BaseModel):
    """`degraded` still answers. `reason` says what is missing."""

    status: Annotated[str, Field(pattern="^(healthy|degraded)$")]
    clip_loaded: bool
    qdrant_connected: bool
    redis_connected: bool
    device: str
    reason: str | None = None


class CollectionStats(BaseModel):
    name: str
    vectors_count: int
    status: str
    indexed: int


class Stats(BaseModel):
    uptime_seconds: float
    embedding_latency_ms: LatencySummary
    search_latency_ms: LatencySummary
    total_latency_ms: LatencySummary
    cache: dict[str, int | str]
    collection: CollectionStats | None
    model: str | None


class Facets(BaseModel):
    field: str
    counts: dict[str, int]


class Problem(BaseModel):
    """RFC 9457. `hint` says what to do."""

    type: str
    title: str
    status: int
    detail: str
    hint: str | None = None
