"""What the service answers, as values, and how they are read from JSON. Unknown members are passed over: newer services have more."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one term adds: `score` is the cosine of that term alone with the picture; `term` counts the terms from 0."""

    term: int
    weight: float
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One picture. `parts` only of queries by terms; `duplicates` only where grouping was asked for."""

    key: str
    score: float
    metadata: Json
    parts: tuple[Part, ...] = ()
    duplicates: tuple["Result", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The results of one search, best first. `explanation_url`: where an explanation will be, if one was asked for."""

    query: str | None
    results: tuple[Result, ...]
    latency_ms: float
    cached: bool
    explanation: str | None = None
    explanation_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """`text`: by the language model `model`; None until the status is `ready`."""

    status: str
    text: str | None
    model: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """`status`: `healthy` or `degraded`; `reason` says what is missing."""

    status: str
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Milliseconds over the last `window` of `count` requests; a percentile that too few support is None."""

    count: int
    window: int
    p50: float | None
    p95: float | None
    p99: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """`fields`: by name the type of what can be filtered by."""

    name: str
    points: int
    model: str | None
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """`points`: None where there is no collection. `cache`: its kind, hits and misses."""

    uptime_seconds: float
    embedding: Latency
    search: Latency
    total: Latency
    cache: Json
    points: int | None
    model: str | None


def read_answer(found: Json) -> Answer:
    return Answer(
        query=found["query"],
        results=tuple(map(read_result, found["results"])),
        latency_ms=found["latency_ms"],
        cached=found["cached"],
        explanation=found.get("explanation"),
        explanation_url=found.get("explanation_url"),
    )


def read_answers(found: Json) -> tuple[Answer, ...]:
    return tuple(map(read_answer, found["answers"]))


def read_result(found: Json) -> Result:
    return Result(
        key=found["key"],
        score=found["score"],
        metadata=found["metadata"],
        parts=tuple(Part(term=each["term"], weight=each["weight"], score=each["score"]) for each in found.get("parts") or ()),
        duplicates=tuple(map(read_result, found.get("duplicates") or ())),
    )


def read_explanation(found: Json) -> Explanation:
    return Explanation(status=found["status"], text=found["explanation"], model=found.get("model"))


def read_health(found: Json) -> Health:
    return Health(status=found["status"], reason=found.get("reason"))


def read_collection(found: Json) -> Collection:
    return Collection(name=found["name"], points=found["points"], model=found.get("model"), fields=found["fields"])


def read_stats(found: Json) -> Stats:
    return Stats(
        uptime_seconds=found["uptime_seconds"],
        embedding=_latency(found["embedding_latency_ms"]),
        search=_latency(found["search_latency_ms"]),
        total=_latency(found["total_latency_ms"]),
        cache=found["cache"],
        points=(found["collection"] or {}).get("vectors_count"),
        model=found["model"],
    )


def read_counts(found: Json) -> dict[str, int]:
    return dict(found["counts"])


def _latency(found: Json) -> Latency:
    return Latency(count=found["count"], window=found["window"], p50=found["p50"], p95=found["p95"], p99=found["p99"])
