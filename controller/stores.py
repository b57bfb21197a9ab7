"""Which client speaks to which store: one for each server and set of Secrets, kept while it is used.

A host name without a dot is a Service of the SearchIndex's own namespace, as the indexing pods see it; never one of the controller's.
"""

import ipaddress
import time
from collections.abc import Callable
from dataclasses import dataclass

from controller.circuit import Circuit
from controller.credentials import SecretCredentials
from controller.observed import Resource
from controller.ports import Cluster, CollectionStore
from controller.store_qdrant import QdrantCollections
from searchindex.spec import Store
from searchindex.stores.qdrant_rest import QdrantRest

IDLE_SECONDS = 600.0
TIMEOUT = 5.0


@dataclass(slots=True)
class _Client:
    store: CollectionStore
    used: float


class Stores:
    """`clock`: seconds, monotonic."""

    def __init__(self, cluster: Cluster, *, timeout: float = TIMEOUT, clock: Callable[[], float] = time.monotonic) -> None:
        self._cluster, self._timeout, self._clock = cluster, timeout, clock
        self._clients: dict[tuple[str, Store], _Client] = {}
        self._circuits: dict[tuple[str, int], Circuit] = {}

    async def of(self, resource: Resource) -> CollectionStore:
        """Opens nothing yet: what is wrong with the server or the Secrets is said by the store's methods."""
        await self._forget_idle()
        key = (resource.key.namespace, resource.spec.store)
        client = self._clients.get(key)
        if client is None:
            client = self._clients[key] = _Client(self._open(*key), self._clock())
        client.used = self._clock()
        return client.store

    async def close(self) -> None:
        clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            await client.store.close()

    def _open(self, namespace: str, store: Store) -> CollectionStore:
        host = full_name(store.host, namespace)
        circuit = self._circuits.setdefault((host, store.http_port), Circuit(clock=self._clock))
        credentials = SecretCredentials(self._cluster, namespace, store, clock=self._clock)
        return QdrantCollections(QdrantRest(host, store.http_port, credentials=credentials, timeout=self._timeout), circuit=circuit)

    async def _forget_idle(self) -> None:
        now = self._clock()
        for key in [key for key, client in self._clients.items() if now - client.used > IDLE_SECONDS]:
            client = self._clients.pop(key)
            await client.store.close()


def full_name(host: str, namespace: str) -> str:
    """As pods of `namespace` resolve it."""
    if "." in host or host == "localhost" or _is_address(host):
        return host
    return f"{host}.{namespace}.svc"


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
