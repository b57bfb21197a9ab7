"""Hundreds of indexes on one store that is away must not each wait for it."""

import pytest

from controller.circuit import OPEN_SECONDS, Circuit
from controller.ports import StoreError
from controller.store_qdrant import QdrantCollections
from searchindex.stores.qdrant_rest import Access, QdrantRest
from tests.engines import free_ports


class Counted:
    """Credentials that count the requests which ask for them."""

    def __init__(self) -> None:
        self.asked = 0

    async def current(self) -> Access:
        self.asked += 1
        return Access()

    async def renewed(self) -> Access:
        return Access()


async def test_after_one_failure_others_fail_at_once_and_later_one_tries_again() -> None:
    """The first waits, the others hear the same; after some seconds the store gets another chance."""
    now, credentials = [0.0], Counted()
    rest = QdrantRest("127.0.0.1", free_ports(1)[0], credentials=credentials)
    circuit = Circuit(clock=lambda: now[0])
    stores = [QdrantCollections(rest, circuit=circuit) for _ in range(2)]
    heard = []
    for store in (*stores, *stores):
        with pytest.raises(StoreError) as error:
            await store.collection_names()
        heard.append((error.value.reason, error.value.message, error.value.gone))
    assert (len(set(heard)), credentials.asked) == (1, 1)
    now[0] += OPEN_SECONDS
    with pytest.raises(StoreError):
        await stores[0].collection_names()
    assert credentials.asked == 2
    await rest.close()


def test_an_answer_closes_it() -> None:
    """A store that is back is asked by all."""
    circuit = Circuit(clock=lambda: 0.0)
    circuit.failed(StoreError("away", reason="StoreUnreachable"))
    circuit.answered()
    circuit.check()
