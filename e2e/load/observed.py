"""What the service says of itself before and after a run: collection, model, version, and its counts of cache hits."""

import re
from dataclasses import dataclass

import httpx2

from e2e.load.options import Options

SAMPLE = re.compile(r"^(\w+)(?:\{([^}]*)\})? ([-+.\w]+)$", re.MULTILINE)
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
CACHE = "searchindex_cache_requests_total"
BUILD = "searchindex_build_info"
Samples = list[tuple[str, dict[str, str], float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """`hits`, `misses`, `version`: None where /metrics is not to be read with that key."""

    collection: str
    points: int
    model: str
    version: str | None
    hits: float | None
    misses: float | None


def observe(options: Options) -> Observed:
    """Asked of one replica: whichever answers."""
    headers = {"Host": options.host} if options.host else {}
    if options.api_key:
        headers["X-API-Key"] = options.api_key
    with httpx2.Client(base_url=options.target, headers=headers, timeout=10, trust_env=False) as client:
        answer = client.get("/collection")
        answer.raise_for_status()
        metrics = client.get("/metrics")
        return observed(answer.json(), samples(metrics.text) if metrics.is_success else [])


def samples(text: str) -> Samples:
    """Name, labels and value of every line of Prometheus' text format."""
    return [(name, dict(LABEL.findall(labels)), float(value)) for name, labels, value in SAMPLE.findall(text)]


def observed(collection: dict[str, object], found: Samples) -> Observed:
    counts = {labels["outcome"]: value for name, labels, value in found if name == CACHE}
    return Observed(
        collection=str(collection["name"]),
        points=int(str(collection["points"])),
        model=str(collection["model"]),
        version=next((labels["version"] for name, labels, _ in found if name == BUILD), None),
        hits=counts.get("hit"),
        misses=counts.get("miss"),
    )


def hit_rate(before: Observed, after: Observed) -> float | None:
    """Of the searches between the two; None where nothing was counted, or where another replica answered the second time."""
    if before.hits is None or before.misses is None or after.hits is None or after.misses is None:
        return None
    hits, misses = after.hits - before.hits, after.misses - before.misses
    return round(hits / (hits + misses), 4) if hits >= 0 and misses >= 0 and hits + misses > 0 else None
