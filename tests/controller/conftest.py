"""The ports' adapters and fakes, for the suites and for the tests of what rests on them."""

import itertools
import os
from collections.abc import AsyncIterator, Sequence

import pytest
from lightkube.config.kubeconfig import KubeConfig
from lightkube.config.models import Cluster as ClusterEntry
from lightkube.config.models import Context, User

from controller.kubernetes import KubernetesCluster
from controller.observed import Manifest
from controller.ports import Cluster, CollectionStore
from controller.store_qdrant import QdrantCollections
from searchindex.stores.qdrant_rest import QdrantRest
from tests.controller.api_server import ApiServer, api_server
from tests.controller.fakes import FakeCluster, FakeCollectionStore
from tests.controller.objects import Objects, Refused
from tests.engines import QdrantServer, qdrant_server

__all__ = ["qdrant_server"]

numbers = itertools.count()


class Users:
    """Change objects behind the controller's back, without HTTP."""

    def __init__(self, objects: Objects) -> None:
        self.objects = objects

    async def create(self, plural: str, namespace: str, manifest: Manifest) -> Manifest:
        return self.objects.create(plural, namespace, manifest)

    async def get(self, plural: str, namespace: str, name: str) -> Manifest | None:
        try:
            return self.objects.get(plural, namespace, name)
        except Refused:
            return None

    async def list(self, plural: str, namespace: str) -> list[Manifest]:
        return self.objects.listed(plural, namespace)

    async def label(self, plural: str, namespace: str, name: str, labels: dict[str, str]) -> None:
        self.objects.merge(plural, namespace, name, {"metadata": {"labels": labels}})


@pytest.fixture
def name() -> str:
    """A collection's name that no other test uses."""
    return f"test-{os.getpid()}-{next(numbers)}"


@pytest.fixture(params=["fake", "qdrant"])
async def collections(request: pytest.FixtureRequest) -> AsyncIterator[CollectionStore]:
    if request.param == "fake":
        yield FakeCollectionStore()
        return
    server: QdrantServer = request.getfixturevalue("qdrant_server")
    store = QdrantCollections(QdrantRest(server.host, server.http_port))
    yield store
    for each in await store.collection_names():
        if each.startswith(f"test-{os.getpid()}-"):
            await store.drop(each)
    await store.close()


@pytest.fixture
async def server() -> AsyncIterator[ApiServer]:
    async with api_server() as running:
        yield running


@pytest.fixture(params=["fake", "emulated"])
async def around(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Cluster, Objects]]:
    """A cluster with what it holds."""
    if request.param == "fake":
        fake = FakeCluster()
        yield fake, fake.objects
        return
    async with api_server() as running:
        cluster = cluster_on(running)
        yield cluster, running.objects
        await cluster.close()


@pytest.fixture
def cluster(around: tuple[Cluster, Objects]) -> Cluster:
    return around[0]


@pytest.fixture
def people(around: tuple[Cluster, Objects]) -> Users:
    return Users(around[1])


@pytest.fixture
def namespace(around: tuple[Cluster, Objects]) -> str:
    around[1].create("namespaces", "", {"metadata": {"name": "shop"}})
    return "shop"


def config_for(url: str) -> KubeConfig:
    """Without authentication."""
    return KubeConfig(
        clusters={"test": ClusterEntry(server=url)},
        contexts={"test": Context(cluster="test", user="test")},
        users={"test": User()},
        current_context="test",
    )


def cluster_on(server: ApiServer, *, timeout: float = 10.0, namespaces: Sequence[str] = ()) -> KubernetesCluster:
    return KubernetesCluster(config=config_for(server.url), timeout=timeout, namespaces=namespaces)
