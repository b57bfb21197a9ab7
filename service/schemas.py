"""What callers send and get. The models are the source of the OpenAPI document."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr, StringConstraints
from pydantic import model_validator as whole
from pydantic_core import PydanticCustomError

from observability.latency import LatencySummary

MAX_TERMS = 8
MAX_SEARCHES = 32


def _not_zero(weight: float) -> float:
    if weight == 0:
        raise PydanticCustomError("zero", "a weight of 0 says nothing; leave the term out")
    return weight


TopK = Annotated[StrictInt, Field(ge=1, le=100, description="How many results.", examples=[10])]
Offset = Annotated[StrictInt, Field(ge=0, le=10_000, description="How many results to pass over: the next page begins here.")]
Threshold = Annotated[StrictFloat, Field(ge=0, le=1, description="Least cosine similarity of a result.")]
Filters = Annotated[dict[str, Any], Field(description="Conditions on declared fields.", examples=[{"category": "food-drink"}])]
Key = Annotated[StrictStr, StringConstraints(pattern=r"^[0-9]{1,19}$"), Field(description="A result's `key`.")]
Query = Annotated[StrictStr, Field(min_length=1, max_length=512, description="What the picture shows.", examples=["red heart"])]
Weight = Annotated[StrictFloat, Field(ge=-1, le=1, description="Not 0; below 0 the results move away."), AfterValidator(_not_zero)]
Group = Annotated[
    StrictBool | Annotated[StrictFloat, Field(ge=0.8, le=1)],
    Field(description="Fold near-duplicates under the best of them: true, or the cosine from which two pictures are one (true: 0.94)."),
]


class PageRequest(BaseModel):
    """What every search may say beside what it is for."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    top_k: TopK | None = None
    score_threshold: Threshold | None = None
    filters: Filters | None = None
    offset: Offset = 0
    group_duplicates: Group = False


class TermRequest(BaseModel):
    """One part of a query: words, or a picture of the index."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        json_schema_extra={"oneOf": [{"required": ["text"]}, {"required": ["key"]}]},
    )

    text: Query | None = None
    key: Key | None = None
    weight: Weight = 1.0

    @whole(mode="after")
    def _one_of(self) -> Self:
        if (self.text is None) == (self.key is None):
            raise PydanticCustomError("one_of", "a term has either a text or a key")
        return self


Terms = Annotated[
    tuple[TermRequest, ...],
    Field(
        min_length=1,
        max_length=MAX_TERMS,
        description="Parts of a query, added up by their weights.",
        examples=[[{"text": "a red flower"}, {"text": "a drawing", "weight": -0.4}]],
    ),
]


class QueryRequest(PageRequest):
    """Search by text, or by several weighted terms."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["query"]}, {"required": ["terms"]}]})

    query: Query | None = None
    terms: Terms | None = None

    @whole(mode="after")
    def _one_of(self) -> Self:
        if (self.query is None) == (self.terms is None):
            raise PydanticCustomError("one_of", "a search has either a query or terms")
        return self


class SearchRequest(QueryRequest):
    """The same, and whether the results are to be explained."""

    include_explanation: StrictBool = False
    explanation_wait_ms: Annotated[StrictInt, Field(ge=0, le=10_000, description="How long the answer may wait for its explanation.")] = 0


class SimilarRequest(PageRequest):
    """Search by a picture that is in the index."""

    key: Key


class ImageRequest(PageRequest):
    """What a form holds beside the picture; lists and objects as JSON."""

    terms: Terms | None = None
    weight: Weight | None = None

    @whole(mode="after")
    def _beside_terms(self) -> Self:
        if self.weight is not None and self.terms is None:
            raise PydanticCustomError("alone", "the picture has a weight only beside terms")
        return self


class BatchRequest(BaseModel):
    """Several searches in one request."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    searches: Annotated[tuple[QueryRequest, ...], Field(min_length=1, max_length=MAX_SEARCHES)]


class FacetsRequest(BaseModel):
    """Counts among the pictures that the filters leave."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    field: Annotated[StrictStr, Field(min_length=1, max_length=64, description="A keyword field.")] = "category"
    limit: Annotated[StrictInt, Field(ge=1, le=1000, description="How many values, the most frequent first.")] = 100
    filters: Filters | None = None


class Metadata(BaseModel):
    """What is known of a picture: the fields of the seed, and whatever else was indexed."""

    model_config = ConfigDict(extra="allow")

    file_path: str
    file_name: str
    s3_key: str | None = None
    width: int
    height: int
    category: str | None = None


class Part(BaseModel):
    """What one term adds: `score` is the cosine of that term alone with the picture; `term` counts the terms from 0."""

    term: int
    weight: float
    score: Annotated[float, Field(ge=-1, le=1)]


class Found(BaseModel):
    """`id` is a 63-bit integer, which JavaScript cannot hold; `key` is the same as text. `parts` only where terms were asked for."""

    id: int
    key: str
    score: Annotated[float, Field(le=1, description="Cosine similarity.")]
    metadata: Metadata
    parts: list[Part] | None = None


class SearchResult(Found):
    """`duplicates` only where grouping was asked for: the others that count as this picture, best first."""

    duplicates: list[Found] | None = None


class TermShown(BaseModel):
    """A term as it was asked for; `image` is the picture that was sent."""

    text: str | None = None
    key: str | None = None
    image: bool | None = None
    weight: float


class SearchAnswer(BaseModel):
    """`total`: how many results this answer holds. `terms` only where terms were asked for.

    `explanation_url`: where the explanation is, or will be; null where none was asked for or no language model is set.
    """

    query: str | None = None
    terms: list[TermShown] | None = None
    results: list[SearchResult]
    total: int
    latency_ms: float
    cached: bool
    explanation: str | None = None
    explanation_url: str | None = None


class BatchAnswer(BaseModel):
    """`answers`: in the order of the searches."""

    answers: list[SearchAnswer]
    latency_ms: float


class ExplanationAnswer(BaseModel):
    """`explanation`: plain text by a language model, to be believed accordingly; null until the status is `ready`."""

    status: Literal["pending", "ready", "unavailable"]
    explanation: str | None
    model: str


class ExplainedBy(BaseModel):
    """`model`: null where explanations are switched off."""

    model: str | None


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


class CollectionAnswer(BaseModel):
    """`fields`: what filters may name, with the type of each."""

    name: str
    points: int
    model: str
    fields: dict[str, str]


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
