"""What a `SearchIndex` resource may say: the one schema, from which the CRD and its reference are made.

Grouped by what a change costs: identity (refused), revisioned (a new collection), in place (a change of the collection that is there),
behaviour. Limits and rules that the API server checks stand here too, as OpenAPI and as CEL; they carry the sentence a user reads.
Nothing here talks to anything. Names follow Kubernetes and Qdrant.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from searchindex.spec_collection import (
    HnswSettings,
    ImageVolume,
    Model,
    ModelSource,
    PayloadSchema,
    PvcSource,
    QuantizationSettings,
    SchemaField,
    SecretKeyRef,
    Store,
    Tls,
    Vectors,
)
from searchindex.spec_indexing import Indexing, Prune, S3Source, Source
from searchindex.spec_rules import GROUP, KIND, PLURAL, VERSION, Part, fixed, rule, rules, short_hash, text

__all__ = [
    "GROUP",
    "KIND",
    "PLURAL",
    "VERSION",
    "HnswSettings",
    "ImageVolume",
    "Indexing",
    "Model",
    "ModelSource",
    "Part",
    "PayloadSchema",
    "Prune",
    "PvcSource",
    "QuantizationSettings",
    "ReclaimPolicy",
    "Rollout",
    "S3Source",
    "SchemaField",
    "SearchIndexSpec",
    "SecretKeyRef",
    "Source",
    "Store",
    "Tls",
    "Vectors",
    "short_hash",
]


class Rollout(Part):
    """How a new revision takes over. The old one is searched until the new one is whole; the store needs room for both."""

    revision_history_limit: Annotated[int, Field(ge=0, le=10)] = Field(1, description="Collections kept after they were replaced.")
    build_threads: Annotated[int, Field(ge=0, le=256)] = Field(
        1,
        description="Threads, in each of its shards, that build a revision while another one is searched: more build it sooner, and "
        "searches wait longer meanwhile. 0: as many as the store takes. Lifted once it is searched itself.",
    )


class ReclaimPolicy(StrEnum):
    """What becomes of the collections when the SearchIndex is deleted."""

    RETAIN = "Retain"
    DELETE = "Delete"


class SearchIndexSpec(Part):
    """What should be: which pictures, with which model, in which store."""

    store: Store
    collection_name: (
        Annotated[
            str, text(r"^[A-Za-z0-9][A-Za-z0-9_-]*$", "collectionName is of letters, digits, '_' and '-', such as 'photos'.", most=128)
        ]
        | None
    ) = Field(
        None,
        description="The alias that is searched; collections are `<name>-r<revision>-<hash>`. Default: the resource's name. Fixed.",
    )
    model: Model
    vectors: Vectors = Vectors()
    payload_schema: PayloadSchema = Field(PayloadSchema(), alias="schema")
    hnsw: HnswSettings = HnswSettings()
    quantization: QuantizationSettings = QuantizationSettings()
    replication_factor: Annotated[int, Field(ge=1, le=16)] = Field(
        1, description="Copies of a shard, in a Qdrant cluster. Changed in place."
    )
    sources: Annotated[list[Source], Field(min_length=1, max_length=16)] = Field(
        description="Where the pictures lie. A change is a run: what is new is added, what is gone is pruned.",
        json_schema_extra={
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
            **rules(
                rule(
                    "self.size() == 1 || !self.exists(source, has(source.s3))",
                    "A bucket is the only source of its index: make another SearchIndex for the other sources.",
                )
            ),
        },
    )
    indexing: Indexing = Indexing()
    rollout: Rollout = Rollout()
    reclaim_policy: ReclaimPolicy = ReclaimPolicy.RETAIN
    adoption_policy: Literal["Never", "IfUnowned"] = Field("Never", description="Whether a collection that nobody owns may be taken over.")
    drift_policy: Literal["Correct", "Report"] = Field(
        "Correct", description="What to do where the collection's settings were changed by someone else."
    )
    suspend: bool = Field(default=False, description="Stop indexing and changes; what is served stays served.")

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule(
                "self.store.host == oldSelf.store.host",
                "store.host cannot be changed, the collections lie there: make another SearchIndex for the other store.",
            ),
            fixed("collectionName", "collectionName"),
        )
    )

    def revision_hash(self) -> str:
        """8 hex digits over what makes a revision: two specs that need the same vectors have the same."""
        facts = {
            "model": self.model.name,
            "dim": self.model.dim,
            "fingerprint": self.model.fingerprint,
            "distance": self.vectors.distance,
            "shard_number": self.vectors.shard_number,
            "on_disk": self.vectors.on_disk,
        }
        return short_hash(facts)
