"""The part of a cluster that keeps Leases, with the API server's version check."""

from collections.abc import Callable
from typing import Any

from controller.ports import ClusterError


class Leases:
    """One Lease. `before_put` runs once, between a caller's read and its write."""

    def __init__(self) -> None:
        self.stored: dict[str, Any] | None = None
        self.version = 0
        self.before_put: Callable[[], None] | None = None

    async def lease(self, _namespace: str, _name: str) -> dict[str, Any] | None:
        return self.stored

    async def put_lease(self, _namespace: str, manifest: dict[str, Any]) -> None:
        if self.before_put:
            act, self.before_put = self.before_put, None
            act()
        if manifest["metadata"].get("resourceVersion", "") != (self.stored or {"metadata": {}})["metadata"].get("resourceVersion", ""):
            raise ClusterError("conflict", status=409)
        self._store(manifest)

    def steal(self, identity: str) -> None:
        self._store({"metadata": {}, "spec": {"holderIdentity": identity, "leaseDurationSeconds": 30, "renewTime": "then"}})

    def _store(self, manifest: dict[str, Any]) -> None:
        self.version += 1
        self.stored = manifest | {"metadata": manifest["metadata"] | {"resourceVersion": str(self.version)}}
