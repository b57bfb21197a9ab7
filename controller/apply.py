"""Carries out a plan's actions in their order. Each is idempotent, and what destroys or takes over looks again before it does."""

import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Protocol

from controller import actions as act
from controller.observed import Observed, Owner, Resource
from controller.ports import Cluster, ClusterError, CollectionStore

logger = logging.getLogger(__name__)


class StoreOpener(Protocol):
    async def of(self, resource: Resource) -> CollectionStore:
        """The store that the resource names."""
        ...


class ActionApplier:
    def __init__(self, cluster: Cluster, stores: StoreOpener) -> None:
        self._cluster, self._stores = cluster, stores

    async def apply(self, observed: Observed, actions: Sequence[act.Action]) -> None:
        """StoreError or ClusterError at the first that fails; the next look plans what is left."""
        for action in actions:
            await self._apply(observed.resource, action)

    async def _apply(self, resource: Resource, action: act.Action) -> None:
        match action:
            case act.ApplyJob():
                await self._cluster.apply_job(resource.key.namespace, action.manifest)
            case act.DeleteJob():
                await self._cluster.delete_job(resource.key.namespace, action.name)
            case act.ExpireJob():
                await self._cluster.expire_job(resource.key.namespace, action.name, action.ttl)
            case act.AddFinalizer():
                await self._set_finalizers(resource, tuple(dict.fromkeys((*resource.finalizers, action.finalizer))))
            case act.RemoveFinalizer():
                await self._set_finalizers(resource, tuple(each for each in resource.finalizers if each != action.finalizer))
            case act.RecordEvent():
                await self._cluster.record_event(resource.key, resource.uid, kind=action.kind, reason=action.reason, message=action.message)
            case _:
                await _apply_to_store(await self._stores.of(resource), action)

    async def _set_finalizers(self, resource: Resource, finalizers: Sequence[str]) -> None:
        if tuple(finalizers) == resource.finalizers:
            return
        try:
            await self._cluster.set_finalizers(resource.key, finalizers, resource_version=resource.resource_version)
        except ClusterError as error:
            if error.status != HTTPStatus.NOT_FOUND:  # it is gone: there is nothing left to hold it
                raise


async def _apply_to_store(store: CollectionStore, action: act.Action) -> None:
    match action:
        case act.CreateCollection():
            await store.create(action)
        case act.ChangeSettings():
            await store.change(action)
        case act.SetThreads():
            await store.set_threads(action)
        case act.Stamp():
            if await _may_take(store, action.name, owner=action.owner):
                await store.stamp(action.name, action.owner)
        case act.PointAlias():
            if (await store.aliases()).get(action.alias) in {action.previous, None}:
                await store.point_alias(action)
        case act.DropAlias():
            await store.drop_alias(action.alias)
        case act.DropCollection():
            await _drop(store, action)


async def _may_take(store: CollectionStore, name: str, *, owner: Owner) -> bool:
    """Nobody's, or ours already, if only of an earlier life. Another may have taken it since it was observed."""
    there = await store.collection(name)
    if there is None:
        return False
    same_name = (there.owner.namespace, there.owner.name) == (owner.namespace, owner.name)
    return there.owner.uid in {"", owner.uid} or same_name


async def _drop(store: CollectionStore, action: act.DropCollection) -> None:
    """By its own name, never through an alias; only what still says that it belongs to `uid`."""
    if not action.uid or action.name not in await store.collection_names():
        return
    there = await store.collection(action.name)
    if there is None or there.owner.uid != action.uid:
        logger.warning("A collection is not dropped: it belongs to another.", extra={"collection": action.name})
        return
    await store.drop(action.name)
