"""Whether what is written comes back through the watch: the only proof that a watch is alive.

A watch can die without a word (kopf issue 1276). Once a minute the `heartbeatTime` of one SearchIndex is written; its event must come
back. An API server that cannot be written to proves nothing, and is no reason for a restart: then nothing is waited for.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from controller.mirror import Mirror
from controller.observed import Key
from controller.ports import Cluster, ClusterError

logger = logging.getLogger(__name__)

PERIOD = 60.0  # seconds


@dataclass(slots=True, kw_only=True)
class Heartbeat:
    """`holds`: set while this controller may write. `monotonic`: seconds; `wall`: the time in UTC."""

    cluster: Cluster
    mirror: Mirror
    holds: asyncio.Event
    monotonic: Callable[[], float]
    wall: Callable[[], datetime]
    period: float = PERIOD
    _key: Key | None = None
    _written: float | None = None

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(self.period)
            await self.holds.wait()
            await self.beat()

    async def beat(self) -> None:
        """One write, unless the last one is still waited for."""
        key = next((key for key, manifest in self.mirror.indexes() if "deletionTimestamp" not in manifest["metadata"]), None)
        if key is None or self._written is not None:
            return
        self._key, self._written = key, self.monotonic()  # before the write: its event may be faster than its answer
        try:
            await self.cluster.touch(key, self.wall().strftime("%Y-%m-%dT%H:%M:%SZ"))
        except ClusterError as error:
            self._written = None
            logger.warning("The heartbeat could not be written.", extra={"error": error.message})

    def returned(self, key: Key) -> None:
        """The watch showed `key`."""
        if key == self._key:
            self._written = None

    def silence(self) -> float:
        """Seconds that a written heartbeat has been waited for; 0 where none is."""
        return 0.0 if self._written is None else self.monotonic() - self._written
