"""Everything a plan is made from, read from the mirror or, `fresh`, from the API server; the store is always asked itself.

Only the lists of a store's collections and aliases may be some seconds old in a look that is not fresh: hundreds of SearchIndexes share
them, and nothing is changed after such a look.
"""

import re
import time
import weakref
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, replace

from controller.apply import StoreOpener
from controller.mirror import Mirror
from controller.observed import Collection, JobView, Key, Manifest, Observed, Resource, StoreProblem, StoreView
from controller.plan_deletion import needs_store
from controller.ports import Cluster, CollectionStore, StoreError
from controller.progress import Progress, Report
from controller.resources import job_of, resource_of

LISTING_SECONDS = 2.0
REVISION = re.compile(r"-r[0-9]+-[0-9a-f]+")
LAST = "\U0010ffff"  # after everything that a name may hold


@dataclass(frozen=True, slots=True)
class _Listing:
    """`names` in order: with hundreds of indexes on one store, each finds its own without reading all."""

    names: tuple[str, ...]
    aliases: dict[str, str]
    at: float

    def of(self, alias: str) -> list[str]:
        """The alias's target, what has its name, and its revisions."""
        wanted = {alias, self.aliases.get(alias, alias)}
        found = [name for name in wanted if self._beginning(name)[:1] == (name,)]
        return sorted({*found, *(name for name in self._beginning(f"{alias}-r") if REVISION.fullmatch(name, len(alias)))})

    def _beginning(self, prefix: str) -> tuple[str, ...]:
        return self.names[bisect_left(self.names, prefix) : bisect_left(self.names, prefix + LAST)]


class ClusterObserver:
    """`clock`: seconds, monotonic."""

    def __init__(
        self, *, cluster: Cluster, mirror: Mirror, stores: StoreOpener, progress: Progress, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._cluster, self._mirror, self._stores, self._progress, self._clock = cluster, mirror, stores, progress, clock
        self._listings: weakref.WeakKeyDictionary[CollectionStore, _Listing] = weakref.WeakKeyDictionary()
        self._jobs: dict[Key, frozenset[str]] = {}
        self._read: dict[Key, Resource] = {}
        self._viewed: dict[str, tuple[Manifest, Report, JobView]] = {}

    async def observe(self, key: Key, *, fresh: bool) -> Observed | None:
        """None where there is no such SearchIndex. InvalidInput on a spec that cannot be read; ClusterError."""
        manifest = await self._cluster.index(key) if fresh else self._mirror.index(key)
        if manifest is None:
            self._forget(key, frozenset())
            self._read.pop(key, None)
            return None
        resource = self._resource(key, manifest)
        jobs = await self._cluster.jobs(key) if fresh else self._mirror.jobs(key)
        deleting = resource.deleted is not None
        return Observed(
            resource=resource,
            store=await self._store(resource, fresh=fresh),
            jobs=await self._views(key, jobs),
            rival=self._mirror.rival(manifest),
            namespace_terminating=deleting and await self._cluster.namespace_terminating(key.namespace),
        )

    def _resource(self, key: Key, manifest: Manifest) -> Resource:
        """Each version is read once."""
        known = self._read.get(key)
        metadata = manifest["metadata"]
        if known is not None and (known.uid, known.resource_version) == (metadata.get("uid"), metadata.get("resourceVersion")):
            return known
        resource = self._read[key] = resource_of(manifest)
        return resource

    async def _views(self, key: Key, jobs: list[Manifest]) -> tuple[JobView, ...]:
        self._forget(key, frozenset(str(job["metadata"]["uid"]) for job in jobs))
        reports = [(job, await self._progress.of(job)) for job in sorted(jobs, key=lambda job: str(job["metadata"]["name"]))]
        return tuple(self._view(job, report) for job, report in reports)

    def _view(self, job: Manifest, report: Report) -> JobView:
        """Each version is read once, as long as its pods say the same."""
        uid = str(job["metadata"]["uid"])
        known = self._viewed.get(uid)
        if known is None or known[0] is not job or known[1] is not report:
            view = job_of(job, counts=report.counts, problem=report.problem)
            known = self._viewed[uid] = (job, report, view)
        return known[2]

    async def _store(self, resource: Resource, *, fresh: bool) -> StoreView:
        if not needs_store(resource):
            return StoreView()
        try:
            return await self._look(await self._stores.of(resource), resource.alias, fresh=fresh)
        except StoreError as error:
            return StoreView(problem=StoreProblem(reason=error.reason, message=error.message, gone=error.gone))

    async def _look(self, store: CollectionStore, alias: str, *, fresh: bool) -> StoreView:
        listing = await self._listing(store, fresh=fresh)
        found: dict[str, Collection] = {}
        for name in listing.of(alias):
            if (there := await store.collection(name)) is not None:
                found[name] = replace(there, name=name)
        return StoreView(collections=found, alias_target=listing.aliases.get(alias))

    async def _listing(self, store: CollectionStore, *, fresh: bool) -> _Listing:
        kept = self._listings.get(store)
        if not fresh and kept is not None and self._clock() - kept.at < LISTING_SECONDS:
            return kept
        aliases = await store.aliases()  # first: what an alias points to is then among the names, unless it was dropped
        listing = self._listings[store] = _Listing(tuple(sorted(await store.collection_names())), aliases, self._clock())
        return listing

    def _forget(self, key: Key, uids: frozenset[str]) -> None:
        gone = self._jobs.pop(key, frozenset()) - uids
        self._progress.forget(gone)
        for uid in gone:
            self._viewed.pop(uid, None)
        if uids:
            self._jobs[key] = uids
