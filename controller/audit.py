"""Whether the watch tells the truth: a list of all SearchIndexes is compared with the mirror once a minute.

Watches can die silently, and events can be lost while they reconnect. What the list knows and the mirror does not is put right here;
what had to be put right again and again makes the process ask for its restart.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from controller.mirror import Mirror, key_of
from controller.observed import Key, Manifest
from controller.ports import Cluster, ClusterError

logger = logging.getLogger(__name__)

PERIOD = 60.0  # seconds
STRIKES = 3


@dataclass(slots=True, kw_only=True)
class Audit:
    """`missed` counts what was put right; `strikes`, audits that found something since one that found no difference."""

    cluster: Cluster
    mirror: Mirror
    wake: Callable[[Key], None]
    period: float = PERIOD
    missed: int = 0
    strikes: int = 0
    _suspects: set[Key] = field(default_factory=set)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(self.period)
            try:
                self.check(await self.cluster.indexes())
            except ClusterError as error:
                logger.warning("The SearchIndexes could not be listed.", extra={"error": error.message})

    @property
    def trusted(self) -> bool:
        return self.strikes < STRIKES

    def check(self, listed: list[Manifest]) -> None:
        """A difference that was there at the last audit too is no event on its way: it was missed."""
        there = {key_of(manifest): manifest for manifest in listed}
        differing = {key for key, manifest in there.items() if _version(manifest) != _version(self.mirror.index(key))}
        differing |= {key for key, _ in self.mirror.indexes() if key not in there}
        lost = differing & self._suspects
        for key in lost:
            found = there.get(key)
            keys = self.mirror.saw_index(found) if found is not None else self.mirror.lost_index(key)
            for each in keys:
                self.wake(each)
        self._suspects = differing - lost
        self.missed += len(lost)
        if not differing:
            self.strikes = 0
        if lost:
            self.strikes += 1
            logger.warning("The watch missed changes; they were put right.", extra={"count": len(lost)})


def _version(manifest: Manifest | None) -> tuple[object, ...]:
    """What a person can have changed; the status is our own."""
    if manifest is None:
        return ()
    metadata = manifest["metadata"]
    return metadata.get("uid"), metadata.get("generation"), metadata.get("deletionTimestamp"), metadata.get("annotations")
