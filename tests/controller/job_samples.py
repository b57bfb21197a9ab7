"""Resources to build Jobs from: the examples, and any that the API server would let in."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from controller.jobspec import build_job
from controller.observed import Defaults, Key, Manifest, Resource
from searchindex.crd import structural
from searchindex.spec import SearchIndexSpec
from searchindex.status import SearchIndexStatus
from tests.searchindex.invalid_specs import patched, sample
from tests.searchindex.schema_values import accepted

DEFAULTS = Defaults(indexer_image="searchindex-indexer:1.0")
ACCEPTED = accepted(structural(SearchIndexSpec))
NAMES = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?", fullmatch=True)


def resource(spec: dict[str, Any], *, name: str = "photos") -> Resource:
    return Resource(
        key=Key("search", name),
        uid="4f6c8e0a-0000-4000-8000-000000000000",
        generation=1,
        created=datetime(2026, 1, 1, tzinfo=UTC),
        spec=SearchIndexSpec.model_validate(spec),
        status=SearchIndexStatus(),
    )


def example(name: str = "smallest", **change: Any) -> Resource:
    """One of the examples with a merge patch on its spec."""
    return resource(patched(sample(name)["spec"], change))


def job(of: Resource, **given: Any) -> Manifest:
    usual: dict[str, Any] = {"revision": 1, "collection": "photos-r1-0a1b2c3d", "trigger": "9f8e7d6c-0", "fingerprint": None}
    return build_job(of, **(usual | {"defaults": DEFAULTS, "suspended": False} | given))


def pod(of: Manifest) -> Manifest:
    spec: Manifest = of["spec"]["template"]["spec"]
    return spec


def indexer(of: Manifest) -> Manifest:
    (container,) = (each for each in pod(of)["containers"] if each["name"] == "indexer")
    return dict(container)


def environment(of: Manifest) -> dict[str, Any]:
    return {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in indexer(of)["env"]}


@st.composite
def specs(draw: st.DrawFn) -> dict[str, Any]:
    """Specs that satisfy the schema and its rules."""
    spec: dict[str, Any] = draw(ACCEPTED)
    buckets = [source for source in spec["sources"] if "s3" in source]
    spec["sources"] = [_one_kind(source) for source in (buckets[:1] or spec["sources"])]
    indexing = spec.get("indexing", {})
    shards = indexing.get("shards", 1)
    indexing |= {name: min(indexing[name], shards) for name in ("parallelism", "maxFailedIndexes") if name in indexing}
    indexing.pop("podTemplate", None)  # anything at all here; tests of its own lay sensible ones over
    if len(spec["model"].get("source", {})) != 1:
        spec["model"].pop("source", None)
    return spec


def _one_kind(source: dict[str, Any]) -> dict[str, Any]:
    kinds = [kind for kind in ("s3", "pvc", "volume") if kind in source]
    kept = {name: value for name, value in source.items() if name not in kinds[1:]}
    return kept if kinds else kept | {"pvc": {"claimName": "photos"}}
