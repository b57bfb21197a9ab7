"""What a reconcile sees, as plain values: the resource, the store, the Jobs. Nothing here reads anything."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from searchindex.spec import SearchIndexSpec
from searchindex.status import SearchIndexStatus


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """Names one SearchIndex."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One SearchIndex as the API server has it. `stop_deleting_at`: when waiting for an unreachable store ends."""

    key: Key
    uid: str
    generation: int
    created: datetime
    spec: SearchIndexSpec
    status: SearchIndexStatus
    annotations: dict[str, str] = field(default_factory=dict)
    finalizers: tuple[str, ...] = ()
    deleted: datetime | None = None
    resource_version: str = ""

    @property
    def alias(self) -> str:
        """The name that is searched."""
        return self.spec.collection_name or self.key.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who a collection says made it, and with what. Empty strings where it does not say."""

    program: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""
    revision: int = 0
    revision_hash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionSettings:
    """What can be changed in place, as the store has it or as it is wanted. `quantile` as a float; `schema`: field -> type."""

    hnsw_m: int
    hnsw_ef_construct: int
    quantile: float | None
    always_ram: bool
    replication_factor: int
    schema: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildThreads:
    """What builds a collection's graphs: `indexing` threads for each, `optimization` of them at once in a shard.

    0 and None: as many as the store chooses.
    """

    indexing: int = 0
    optimization: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """One collection in the store. `status`: green, yellow, grey or red, Qdrant's words. `segments` bounds what stays unindexed.

    `threads_after`: what its threads become once it is searched; None where they are not held down.
    """

    name: str
    dim: int
    distance: str
    shard_number: int
    on_disk: bool
    settings: CollectionSettings
    owner: Owner
    fingerprint: str = ""
    points: int = 0
    indexed: int = 0
    segments: int = 0
    status: str = "green"
    threads: BuildThreads = BuildThreads()
    threads_after: BuildThreads | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreProblem:
    """Why the store could not be observed. `reason` is a condition's reason; `gone`: its Secret or its name does not exist."""

    reason: str
    message: str
    gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreView:
    """`collections`: the alias's target, and those named as the alias or `<alias>-r...`. `alias_target`: None without alias."""

    collections: dict[str, Collection] = field(default_factory=dict)
    alias_target: str | None = None
    problem: StoreProblem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What became of the pictures of a run, summed over its shards. `complete`: every shard has said its last word."""

    total: int = 0
    indexed: int = 0
    unchanged: int = 0
    skipped: int = 0
    failed: int = 0
    deleted: int = 0
    images_per_second: float = 0.0
    complete: bool = False

    @property
    def processed(self) -> int:
        """Deleted ones aside: they are no longer there to be seen."""
        return self.indexed + self.unchanged + self.skipped + self.failed


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """One indexing Job. `trigger` and `template_hash` are its annotations; `problem`: why its pods do not run, (reason, message)."""

    name: str
    revision: int
    trigger: str
    template_hash: str
    created: datetime
    completions: int = 1
    parallelism: int = 1
    suspended: bool = False
    active: int = 0
    succeeded: int = 0
    failed: int = 0
    result: str | None = None  # Succeeded or Failed, once it has ended
    result_message: str = ""
    started: datetime | None = None
    ended: datetime | None = None
    ttl: int | None = None
    deleting: bool = False
    schedule_time: datetime | None = None
    counts: Counts = Counts()
    problem: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """Everything a plan is made from. `rival`: an older SearchIndex that claims the same alias in the same store."""

    resource: Resource
    store: StoreView
    jobs: tuple[JobView, ...] = ()
    rival: Key | None = None
    namespace_terminating: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What the installation says, not the resource."""

    indexer_image: str
    indexer_gpu_image: str = "searchindex-jobs-gpu:latest"
    image_pull_policy: str = "IfNotPresent"
    delete_timeout_seconds: float = 60.0
    progress_port: int = 8080
    otlp_endpoint: str = ""


Manifest = dict[str, Any]  # a Kubernetes object, as its API takes it
