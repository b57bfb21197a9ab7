"""From settings to a store on a server."""

import sys
from typing import Any

import pytest

from jobs.shared_settings import StoreSettings
from searchindex.errors import InvalidInput
from searchindex.stores.qdrant_opening import open_qdrant
from service.settings import Settings
from tests.engines import QdrantServer
from tests.searchindex.stores.samples import CONFIG


@pytest.mark.parametrize("kind", [StoreSettings, Settings])
async def test_every_programs_settings_lead_to_the_same_collection(kind: Any, qdrant_server: QdrantServer, collection: str):
    """What one program writes is what the other reads, over the ports and under the name that both were given."""
    ports = {"qdrant_port": qdrant_server.http_port, "qdrant_grpc_port": qdrant_server.grpc_port}
    store = open_qdrant(kind(qdrant_host=qdrant_server.host, qdrant_collection=collection, **ports), extra="x", ef=64)
    await store.create(CONFIG)
    state = await store.state()
    assert state is not None
    assert (state.name, store._ef) == (collection, 64)
    await store.drop()
    await store.close()


@pytest.mark.parametrize("extra", ["service", "jobs"])
def test_a_missing_client_is_named_with_what_brings_it(extra: str, monkeypatch: pytest.MonkeyPatch):
    """Each program names its own extra, which brings the rest of what it needs, too."""
    monkeypatch.setitem(sys.modules, "qdrant_client", None)
    monkeypatch.delitem(sys.modules, "searchindex.stores.qdrant", raising=False)
    with pytest.raises(InvalidInput, match="qdrant_client") as caught:
        open_qdrant(StoreSettings(), extra=extra)
    assert caught.value.hint == f"pip install 'searchindex[{extra}]'"
