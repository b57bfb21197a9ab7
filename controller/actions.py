"""What a plan can ask for. Values only; `apply.py` carries them out, each of them idempotent."""

from dataclasses import dataclass, field

from controller.observed import BuildThreads, CollectionSettings, Manifest, Owner


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateCollection:
    """`fingerprint` is empty where the first indexing pod is to say which weights it has. `threads`: None for the store's own."""

    name: str
    dim: int
    shard_number: int
    on_disk: bool
    settings: CollectionSettings
    owner: Owner
    fingerprint: str = ""
    threads: BuildThreads | None = None
    threads_after: BuildThreads | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSettings:
    """Bring what differs to `settings`; `add_fields` and `drop_fields` are payload indexes."""

    name: str
    settings: CollectionSettings
    hnsw: bool = False
    quantization: bool = False
    replication: bool = False
    add_fields: dict[str, str] = field(default_factory=dict)
    drop_fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SetThreads:
    """Hold down what builds a collection, and note in it what comes `after`; None where this is it."""

    name: str
    threads: BuildThreads
    after: BuildThreads | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """Write the owner into a collection that is taken over."""

    name: str
    owner: Owner


@dataclass(frozen=True, slots=True, kw_only=True)
class PointAlias:
    """Move the alias, in one step."""

    alias: str
    collection: str
    previous: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DropAlias:
    alias: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DropCollection:
    """Only ever planned for a collection that carries the resource's own uid; checked again before it is dropped."""

    name: str
    uid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyJob:
    """Server-side apply."""

    manifest: Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteJob:
    """With its pods; the Job is gone once they are."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpireJob:
    """Let a Job that has ended go after `ttl` seconds; until then its pods' logs can be read."""

    name: str
    ttl: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AddFinalizer:
    finalizer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveFinalizer:
    finalizer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordEvent:
    """A Kubernetes Event; planned at transitions only. `kind`: Normal or Warning."""

    kind: str
    reason: str
    message: str


Action = (
    CreateCollection
    | ChangeSettings
    | SetThreads
    | Stamp
    | PointAlias
    | DropAlias
    | DropCollection
    | ApplyJob
    | DeleteJob
    | ExpireJob
    | AddFinalizer
    | RemoveFinalizer
    | RecordEvent
)
