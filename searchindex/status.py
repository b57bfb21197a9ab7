"""What a `SearchIndex` resource reports: written by the controller alone, read by people, `kubectl wait` and charts.

Small by design: counts, never lists of pictures. Conditions follow the Kubernetes API conventions; there is no phase.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field

from searchindex.spec import Part


class ConditionType(StrEnum):
    """Every condition is reported from the first visit on; the sentence says what True means. The last two are kstatus's words."""

    meaning: str

    def __new__(cls, value: str, meaning: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    READY = "Ready", "The index is searched: it was filled once, and its store answers. Stays True while a new revision is built."
    STORE_REACHABLE = "StoreReachable", "The store answered when it was last asked."
    COLLECTION_READY = "CollectionReady", "A collection of this SearchIndex is behind its name."
    INDEXED = "Indexed", "The last run accounted for every picture, and the store has indexed what came of it."
    UP_TO_DATE = "UpToDate", "What is searched was built from the model and the vector settings that the spec names."
    DEGRADED = "Degraded", "Something is wrong that a person should know, whether or not it can be searched."
    RECONCILING = "Reconciling", "The controller is at work towards the spec (kstatus)."
    STALLED = "Stalled", "Nothing goes on until the spec, or what it names, is changed (kstatus)."


class Condition(Part):
    """As metav1.Condition."""

    type: ConditionType
    status: Literal["True", "False", "Unknown"] = Field(description="Whether it holds.")
    reason: Annotated[str, Field(max_length=128)] = Field(description="One word for programs.")
    message: Annotated[str, Field(max_length=1024)] = Field("", description="A sentence for people.")
    last_transition_time: datetime = Field(description="When `status` changed last.")
    observed_generation: int = Field(description="The generation of the resource that this was said of.")


class Revision(Part):
    """One collection that was built, or is being built, for this index."""

    revision: int = Field(description="Counts from 1.")
    collection: str = Field(description="Name of the collection in the store.")
    model_name: str = Field(description="The model card's name.")
    model_fingerprint: str | None = Field(None, description="Of the weights that made its vectors, once known.")
    points: int | None = Field(None, description="Pictures in the collection.")
    indexed_points: int | None = Field(None, description="Of them, those in the HNSW graph.")
    promoted_time: datetime | None = Field(None, description="When the alias was pointed at it.")
    retired_time: datetime | None = Field(None, description="When another took its place.")
    settings_hash: str | None = Field(None, description="Of the settings last applied to the collection.")
    trigger: str | None = Field(None, description="Of the last run that filled it.")


class CandidateStage(StrEnum):
    """What a candidate waits for."""

    PROVISIONING = "Provisioning"
    INDEXING = "Indexing"
    OPTIMIZING = "Optimizing"
    FAILED = "Failed"


class Candidate(Revision):
    """The revision that will take over."""

    stage: CandidateStage


class Shards(Part):
    """The pods of a run."""

    total: int = Field(0, description="Shards of the run.")
    active: int = Field(0, description="Being indexed.")
    succeeded: int = Field(0, description="Done.")
    failed: int = Field(0, description="Given up.")


class RunResult(StrEnum):
    """How a run ended."""

    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


class IndexingStatus(Part):
    """The last run, under way or ended. `trigger` names what asked for it; equal triggers are one run."""

    revision: int = Field(description="The revision that is indexed.")
    trigger: str = Field(description="What asked for the run.")
    job_name: str = Field(description="The Job; `kubectl logs job/<name>` shows a pod's log.")
    start_time: datetime | None = Field(None, description="When its first pod was started.")
    completion_time: datetime | None = Field(None, description="When it ended.")
    schedule_time: datetime | None = Field(None, description="The tick of the schedule that this run answers.")
    result: RunResult | None = None
    message: Annotated[str, Field(max_length=1024)] = Field("", description="Why it ended as it did.")
    total: int = Field(0, description="Pictures found so far.")
    processed: int = Field(0, description="Pictures that are done, whatever became of them.")
    indexed: int = Field(0, description="Pictures that were encoded and stored.")
    unchanged: int = Field(0, description="Pictures that were there already.")
    skipped: int = Field(0, description="Pictures that were left out.")
    failed: int = Field(0, description="Pictures that could not be used; the pods' logs name them.")
    deleted: int = Field(0, description="Points whose picture is gone.")
    percent: Annotated[int, Field(ge=0, le=100)] = Field(0, description="Processed of total, rounded down.")
    progress_time: datetime | None = Field(None, description="When the counts were read.")
    images_per_second: str | None = Field(None, description="Over all pods, as a decimal.")
    estimated_completion_time: datetime | None = Field(None, description="When it will end at this pace.")
    shards: Shards = Shards()


class SearchIndexStatus(Part):
    """What is, as the controller saw it last."""

    observed_generation: int = Field(0, description="The generation of the spec that the rest was said of.")
    conditions: list[Condition] = Field(
        default_factory=list,
        description="Whether it can be searched, and what stands in the way.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
    )
    active: Revision | None = Field(None, description="The revision that is searched.")
    candidate: Candidate | None = Field(None, description="The revision that will take over.")
    history: Annotated[list[Revision], Field(max_length=10)] = Field(
        default_factory=list, description="Revisions that were replaced and are kept, the latest first."
    )
    indexing: IndexingStatus | None = Field(None, description="The last run, under way or ended.")
    indexing_pods: int = Field(0, description="Running indexing pods: the scale subresource's replicas.")
    heartbeat_time: datetime | None = Field(None, description="When the controller last tried its watch on this resource.")
    selector: str = Field("", description="Label selector of the indexing pods, for the scale subresource.")
