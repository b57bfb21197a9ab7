"""One client for a store, as long as it is used."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from controller.observed import Key, Resource
from controller.stores import IDLE_SECONDS, Stores, full_name
from searchindex.status import SearchIndexStatus
from tests.controller.fakes import FakeCluster
from tests.controller.world import spec_of

RESOURCE = Resource(
    key=Key("shop", "products"),
    uid="uid-1",
    generation=1,
    created=datetime(2026, 1, 1, tzinfo=UTC),
    spec=spec_of(),
    status=SearchIndexStatus(),
)


@pytest.mark.parametrize(
    ("host", "full"),
    [
        ("qdrant", "qdrant.shop.svc"),
        ("qdrant.search", "qdrant.search"),
        ("qdrant.search.svc.cluster.local", "qdrant.search.svc.cluster.local"),
        ("10.0.0.7", "10.0.0.7"),
        ("fd00::7", "fd00::7"),
        ("localhost", "localhost"),
    ],
)
def test_a_short_name_is_a_service_of_the_indexs_namespace(host: str, full: str) -> None:
    """The controller sees the store that the indexing pods see, and never one of its own namespace."""
    assert full_name(host, "shop") == full


async def test_indexes_of_one_store_share_a_client() -> None:
    """Another namespace has other Secrets and other short names, and so another client."""
    stores = Stores(FakeCluster())
    first = await stores.of(RESOURCE)
    assert await stores.of(replace(RESOURCE, key=Key("shop", "others"))) is first
    assert await stores.of(replace(RESOURCE, key=Key("lab", "products"))) is not first
    assert await stores.of(replace(RESOURCE, spec=spec_of(store={"host": "qdrant", "httpPort": 7000}))) is not first
    await stores.close()


async def test_a_client_that_nobody_uses_is_let_go() -> None:
    """Stores come and go; their connections do not stay."""
    now = [0.0]
    stores = Stores(FakeCluster(), clock=lambda: now[0])
    first = await stores.of(RESOURCE)
    now[0] += IDLE_SECONDS
    assert await stores.of(RESOURCE) is first
    now[0] += IDLE_SECONDS + 1
    assert await stores.of(RESOURCE) is not first
    await stores.close()
