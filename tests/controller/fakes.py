"""A cluster and a store in memory, behind the controller's ports. They pass the suites that the real adapters pass (suite/)."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from controller.actions import ChangeSettings, CreateCollection, PointAlias, SetThreads
from controller.conditions import Reason
from controller.names import LABEL_INDEX
from controller.observed import BuildThreads, Collection, Key, Manifest, Owner, Resource
from controller.ports import ClusterError, CollectionStore, StoreError
from tests.controller.objects import LABEL_JOB, Objects, Refused

Done = TypeVar("Done")


class FakeCluster:
    """`objects` is what the API server holds. `failing`: set, every call raises it; `before_call` hears the name of each call."""

    def __init__(self, objects: Objects | None = None) -> None:
        self.objects = objects or Objects()
        self.failing: ClusterError | None = None
        self.before_call: Callable[[str], None] = lambda _: None

    async def index(self, key: Key) -> Manifest | None:
        return self._or_none("index", lambda: self.objects.get("searchindexes", key.namespace, key.name))

    async def indexes(self) -> list[Manifest]:
        return self._call("indexes", lambda: self.objects.listed("searchindexes"))

    async def jobs(self, key: Key) -> list[Manifest]:
        return self._call("jobs", lambda: self.objects.listed("jobs", key.namespace, {LABEL_INDEX: key.name}))

    async def pods(self, namespace: str, job: str) -> list[Manifest]:
        return self._call("pods", lambda: self.objects.listed("pods", namespace, {LABEL_JOB: job}))

    async def secret(self, namespace: str, name: str) -> dict[str, bytes] | None:
        found = self._or_none("secret", lambda: self.objects.get("secrets", namespace, name))
        return None if found is None else {key: base64.b64decode(value) for key, value in (found.get("data") or {}).items()}

    async def namespace_terminating(self, namespace: str) -> bool:
        found = self._or_none("namespace_terminating", lambda: self.objects.get("namespaces", "", namespace))
        return found is None or "deletionTimestamp" in found["metadata"]

    async def apply_job(self, namespace: str, manifest: Manifest) -> None:
        self._call("apply_job", lambda: self.objects.apply("jobs", namespace, manifest["metadata"]["name"], manifest))

    async def delete_job(self, namespace: str, name: str) -> None:
        self._or_none("delete_job", lambda: self.objects.delete("jobs", namespace, name, foreground=True))

    async def expire_job(self, namespace: str, name: str, ttl: int) -> None:
        change = {"spec": {"ttlSecondsAfterFinished": ttl}}
        self._or_none("expire_job", lambda: self.objects.merge("jobs", namespace, name, change))

    async def set_finalizers(self, key: Key, finalizers: Sequence[str], *, resource_version: str) -> None:
        change = {"metadata": {"finalizers": list(finalizers), "resourceVersion": resource_version}}
        self._call("set_finalizers", lambda: self.objects.merge("searchindexes", key.namespace, key.name, change))

    async def set_status(self, key: Key, status: Manifest) -> None:
        self._call("set_status", lambda: self.objects.set_status("searchindexes", key.namespace, key.name, status))

    async def touch(self, key: Key, stamp: str) -> None:
        change = {"heartbeatTime": stamp}
        self._or_none("touch", lambda: self.objects.merge_status("searchindexes", key.namespace, key.name, change))

    async def record_event(self, key: Key, uid: str, *, kind: str, reason: str, message: str) -> None:
        involved = {"kind": "SearchIndex", "namespace": key.namespace, "name": key.name, "uid": uid}
        metadata = {"generateName": f"{key.name}."}
        event = {"metadata": metadata, "involvedObject": involved, "type": kind, "reason": reason, "message": message}
        self._call("record_event", lambda: self.objects.create("events", key.namespace, event))

    async def lease(self, namespace: str, name: str) -> Manifest | None:
        return self._or_none("lease", lambda: self.objects.get("leases", namespace, name))

    async def put_lease(self, namespace: str, manifest: Manifest) -> None:
        name = manifest["metadata"]["name"]
        if "resourceVersion" in manifest["metadata"]:
            self._call("put_lease", lambda: self.objects.replace("leases", namespace, name, manifest))
        else:
            self._call("put_lease", lambda: self.objects.create("leases", namespace, manifest))

    def _call(self, name: str, act: Callable[[], Done]) -> Done:
        self.before_call(name)
        if self.failing is not None:
            raise self.failing
        try:
            return act()
        except Refused as error:
            raise ClusterError(error.message, status=error.status) from error

    def _or_none(self, name: str, act: Callable[[], Done]) -> Done | None:
        try:
            return self._call(name, act)
        except ClusterError as error:
            if error.status == 404:
                return None
            raise


class FakeCollectionStore:
    """`collections` and `alias` are what the server holds. `failing`: set, every call raises it; `before_call` hears each call's name."""

    def __init__(self) -> None:
        self.collections: dict[str, Collection] = {}
        self.alias: dict[str, str] = {}
        self.failing: StoreError | None = None
        self.before_call: Callable[[str], None] = lambda _: None

    async def collection_names(self) -> list[str]:
        self._begin("collection_names")
        return sorted(self.collections)

    async def aliases(self) -> dict[str, str]:
        self._begin("aliases")
        return dict(self.alias)

    async def collection(self, name: str) -> Collection | None:
        self._begin("collection")
        found = self.collections.get(self.alias.get(name, name))
        return None if found is None else replace(found, name=name)

    async def create(self, wanted: CreateCollection) -> None:
        self._begin("create")
        if wanted.name in self.alias:
            raise StoreError("An alias has that name.", reason=Reason.STORE_REFUSED)
        there = self.collections.setdefault(wanted.name, _made(wanted))
        if there.owner.uid == wanted.owner.uid:
            schema = there.settings.schema | wanted.settings.schema
            self.collections[wanted.name] = replace(there, settings=replace(there.settings, schema=schema))

    async def change(self, wanted: ChangeSettings) -> None:
        self._begin("change")
        there = self._there(wanted.name)
        old, new = there.settings, wanted.settings
        schema = {name: kind for name, kind in old.schema.items() if name not in wanted.drop_fields} | wanted.add_fields
        settings = replace(
            old,
            hnsw_m=new.hnsw_m if wanted.hnsw else old.hnsw_m,
            hnsw_ef_construct=new.hnsw_ef_construct if wanted.hnsw else old.hnsw_ef_construct,
            quantile=new.quantile if wanted.quantization else old.quantile,
            always_ram=new.always_ram if wanted.quantization else old.always_ram,
            replication_factor=new.replication_factor if wanted.replication else old.replication_factor,
            schema=schema,
        )
        self.collections[wanted.name] = replace(there, settings=settings)

    async def set_threads(self, wanted: SetThreads) -> None:
        self._begin("set_threads")
        there = self._there(wanted.name)
        self.collections[wanted.name] = replace(there, threads=wanted.threads, threads_after=wanted.after)

    async def stamp(self, name: str, owner: Owner) -> None:
        self._begin("stamp")
        self.collections[name] = replace(self._there(name), owner=replace(owner, program="searchindex"))

    async def point_alias(self, wanted: PointAlias) -> None:
        self._begin("point_alias")
        self._there(wanted.collection)
        if wanted.alias in self.collections:
            raise StoreError("A collection has that name.", reason=Reason.STORE_REFUSED)
        self.alias[wanted.alias] = wanted.collection

    async def drop_alias(self, alias: str) -> None:
        self._begin("drop_alias")
        self.alias.pop(alias, None)

    async def drop(self, name: str) -> None:
        self._begin("drop")
        if self.collections.pop(name, None) is not None:
            self.alias = {alias: target for alias, target in self.alias.items() if target != name}

    async def close(self) -> None: ...

    def _begin(self, name: str) -> None:
        self.before_call(name)
        if self.failing is not None:
            raise self.failing

    def _there(self, name: str) -> Collection:
        if name not in self.collections:
            raise StoreError("The collection is no longer there.", reason=Reason.COLLECTION_MISSING)
        return self.collections[name]


class OneStore:
    """Every SearchIndex names the same store."""

    def __init__(self, store: CollectionStore) -> None:
        self.store = store

    async def of(self, resource: Resource) -> CollectionStore:
        assert resource.spec.store.host
        return self.store


def _made(wanted: CreateCollection) -> Collection:
    return Collection(
        name=wanted.name,
        dim=wanted.dim,
        distance="Cosine",
        shard_number=wanted.shard_number,
        on_disk=wanted.on_disk,
        settings=replace(wanted.settings, schema={}),
        owner=replace(wanted.owner, program="searchindex"),
        fingerprint=wanted.fingerprint,
        segments=2 * wanted.shard_number,
        threads=wanted.threads or BuildThreads(),
        threads_after=wanted.threads_after,
    )
