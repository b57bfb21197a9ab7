"""One controller acts at a time: a Lease, as client-go's leader election keeps it."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from controller.observed import Manifest
from controller.ports import Cluster, ClusterError

logger = logging.getLogger(__name__)

DURATION, RENEW = 30.0, 10.0  # seconds: a dead holder is succeeded after DURATION
CONFLICT = 409


class LeaseLost(Exception):
    """Another controller has taken over; this process has to end."""


@dataclass(slots=True, kw_only=True)
class Leader:
    """`monotonic`: seconds; `wall`: the time in UTC. The holder's clock is never compared with ours: only changes are timed."""

    cluster: Cluster
    namespace: str
    name: str
    identity: str
    monotonic: Callable[[], float]
    wall: Callable[[], datetime]
    holds: asyncio.Event = field(default_factory=asyncio.Event)
    _seen: tuple[str, float] = ("", 0.0)

    async def run(self) -> None:
        """Acquire, then renew, until cancelled. LeaseLost when another holds it."""
        renewed = self.monotonic()
        while True:
            try:
                if await self._step():
                    renewed = self.monotonic()
            except ClusterError as error:
                logger.warning("The lease could not be renewed.", extra={"error": error.message})
            if self.holds.is_set() and self.monotonic() - renewed > DURATION:
                logger.warning("The lease has not been renewed in time; nothing is changed until it is.")
                self.holds.clear()
            await asyncio.sleep(RENEW if self.holds.is_set() else RENEW / 5)

    async def release(self) -> None:
        """Let a successor take over at once; failing that, it waits for DURATION."""
        if not self.holds.is_set():
            return
        self.holds.clear()
        try:
            lease = await self.cluster.lease(self.namespace, self.name)
            if lease is not None and lease["spec"].get("holderIdentity") == self.identity:
                free = dict(lease["spec"], holderIdentity="", leaseDurationSeconds=1)
                await self.cluster.put_lease(self.namespace, {**lease, "spec": free})
        except ClusterError as error:
            logger.warning("The lease could not be released.", extra={"error": error.message})

    async def _step(self) -> bool:
        lease = await self.cluster.lease(self.namespace, self.name)
        holder = str((lease or {}).get("spec", {}).get("holderIdentity") or "")
        if holder not in {"", self.identity}:
            if self.holds.is_set():
                raise LeaseLost(f"{holder} holds the lease {self.namespace}/{self.name}.")
            if not self._expired(lease or {}):
                return False
        return await self._take(lease)

    def _expired(self, lease: Manifest) -> bool:
        """Its holder has not renewed it for as long as it said, by our own watch of it."""
        stamp = f"{lease['spec'].get('holderIdentity')} {lease['spec'].get('renewTime')}"
        if stamp != self._seen[0]:
            self._seen = (stamp, self.monotonic())
        return self.monotonic() - self._seen[1] > float(lease["spec"].get("leaseDurationSeconds") or DURATION)

    async def _take(self, lease: Manifest | None) -> bool:
        try:
            await self.cluster.put_lease(self.namespace, self._manifest(lease))
        except ClusterError as error:
            if error.status == CONFLICT:
                return False
            raise
        if not self.holds.is_set():
            logger.info("This controller holds the lease.", extra={"identity": self.identity})
            self.holds.set()
        return True

    def _manifest(self, lease: Manifest | None) -> Manifest:
        now = self.wall().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        spec: dict[str, Any] = dict((lease or {}).get("spec", {}))
        if spec.get("holderIdentity") != self.identity:
            transitions = int(spec.get("leaseTransitions") or 0) + (1 if lease else 0)
            spec |= {"holderIdentity": self.identity, "acquireTime": now, "leaseTransitions": transitions}
        spec |= {"renewTime": now, "leaseDurationSeconds": int(DURATION)}
        metadata: dict[str, Any] = {"name": self.name, "namespace": self.namespace}
        if lease is not None:
            metadata["resourceVersion"] = lease["metadata"]["resourceVersion"]
        return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}
