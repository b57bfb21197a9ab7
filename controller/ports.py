"""What the controller needs of the world: a store's collections and a cluster. Adapters and fakes pass the same suites."""

from collections.abc import Sequence
from typing import Protocol

from controller.actions import ChangeSettings, CreateCollection, PointAlias, SetThreads
from controller.observed import Collection, Key, Manifest, Owner


class StoreError(Exception):
    """The store did not do what it was asked. `reason`: a condition's reason; `gone`: its Secret or its host name does not exist."""

    def __init__(self, message: str, *, reason: str, gone: bool = False) -> None:
        super().__init__(message)
        self.message, self.reason, self.gone = message, reason, gone


class ClusterError(Exception):
    """The API server did not do what it was asked. `status`: the HTTP status, 0 where it did not answer."""

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.message, self.status = message, status


class CollectionStore(Protocol):
    """The collections of one Qdrant server. Every method raises StoreError."""

    async def collection_names(self) -> list[str]:
        """All of them; cheap."""
        ...

    async def aliases(self) -> dict[str, str]:
        """Alias -> collection."""
        ...

    async def collection(self, name: str) -> Collection | None:
        """None where there is none."""
        ...

    async def create(self, wanted: CreateCollection) -> None:
        """With its owner, its settings and its payload indexes; one that is there already is left, missing payload indexes are added."""
        ...

    async def change(self, wanted: ChangeSettings) -> None: ...

    async def set_threads(self, wanted: SetThreads) -> None: ...

    async def stamp(self, name: str, owner: Owner) -> None: ...

    async def point_alias(self, wanted: PointAlias) -> None: ...

    async def drop_alias(self, alias: str) -> None: ...

    async def drop(self, name: str) -> None:
        """Nothing to do where there is none."""
        ...

    async def close(self) -> None: ...


class Cluster(Protocol):
    """The Kubernetes API, as far as this controller uses it. Every method raises ClusterError."""

    async def index(self, key: Key) -> Manifest | None:
        """The SearchIndex as it is now; None where there is none."""
        ...

    async def indexes(self) -> list[Manifest]:
        """Every SearchIndex in the namespaces that this controller watches."""
        ...

    async def jobs(self, key: Key) -> list[Manifest]:
        """The indexing Jobs labelled with this SearchIndex."""
        ...

    async def pods(self, namespace: str, job: str) -> list[Manifest]: ...

    async def secret(self, namespace: str, name: str) -> dict[str, bytes] | None:
        """Its keys decoded; None where there is none."""
        ...

    async def namespace_terminating(self, namespace: str) -> bool: ...

    async def apply_job(self, namespace: str, manifest: Manifest) -> None:
        """Server-side apply with this controller as field manager, forced."""
        ...

    async def delete_job(self, namespace: str, name: str) -> None:
        """With its pods, in the foreground: the Job is gone once its pods are. Nothing to do where there is none."""
        ...

    async def expire_job(self, namespace: str, name: str, ttl: int) -> None:
        """Set `ttlSecondsAfterFinished` alone. Nothing to do where there is no such Job."""
        ...

    async def set_finalizers(self, key: Key, finalizers: Sequence[str], *, resource_version: str) -> None:
        """409 where the object has changed since it was read."""
        ...

    async def set_status(self, key: Key, status: Manifest) -> None:
        """Replaces `status` as a whole."""
        ...

    async def touch(self, key: Key, stamp: str) -> None:
        """Set `status.heartbeatTime` alone; nothing to do where there is no such SearchIndex."""
        ...

    async def record_event(self, key: Key, uid: str, *, kind: str, reason: str, message: str) -> None: ...

    async def lease(self, namespace: str, name: str) -> Manifest | None:
        """A coordination.k8s.io/v1 Lease; None where there is none."""
        ...

    async def put_lease(self, namespace: str, manifest: Manifest) -> None:
        """Create it where it has no resourceVersion, else replace that version: 409 where another was faster."""
        ...
