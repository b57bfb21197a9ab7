"""Keys and certificate authorities as Secrets hold them, and as people get them wrong."""

import base64
from typing import Any

import pytest

from controller.credentials import FRESH_SECONDS, RENEW_SECONDS, SecretCredentials
from controller.ports import ClusterError, StoreError
from searchindex.spec import Store
from tests.controller.fakes import FakeCluster

KEYED = Store.model_validate({"host": "qdrant", "apiKeySecretRef": {"name": "store", "key": "api-key"}})
SECURED = Store.model_validate({"host": "qdrant", "tls": {"caSecretRef": {"name": "store", "key": "ca.crt"}}})


class Place:
    """A namespace with the Secret `store`, and a clock."""

    def __init__(self, store: Store = KEYED) -> None:
        self.cluster = FakeCluster()
        self.now = 0.0
        self.reads: list[str] = []
        self.cluster.before_call = self.reads.append
        self.credentials = SecretCredentials(self.cluster, "shop", store, clock=lambda: self.now)

    def keep(self, **data: bytes) -> None:
        encoded = {key.replace("_", "-"): base64.b64encode(value).decode() for key, value in data.items()}
        document: dict[str, Any] = {"metadata": {"name": "store"}, "data": encoded}
        if self.cluster.objects.listed("secrets"):
            self.cluster.objects.replace("secrets", "shop", "store", document)
        else:
            self.cluster.objects.create("secrets", "shop", document)


async def test_the_key_is_read_once_a_minute() -> None:
    """Hundreds of looks cost the API server one read; a change is seen without a refusal as well."""
    place = Place()
    place.keep(api_key=b"first\n")
    for _ in range(3):
        assert (await place.credentials.current()).api_key == "first"
    place.keep(api_key=b"second")
    assert (await place.credentials.current()).api_key == "first"
    place.now += FRESH_SECONDS
    assert (await place.credentials.current()).api_key == "second"
    assert place.reads == ["secret", "secret"]


async def test_a_refusal_reads_it_again_but_not_all_the_time() -> None:
    """A rotation is picked up at once; a key that stays wrong does not flood the API server."""
    place = Place()
    place.keep(api_key=b"first")
    await place.credentials.current()
    place.keep(api_key=b"second")
    place.now += RENEW_SECONDS
    for _ in range(3):
        assert (await place.credentials.renewed()).api_key == "second"
    assert len(place.reads) == 2


async def test_without_references_nothing_is_read() -> None:
    """A store without a key costs no Secret."""
    place = Place(Store(host="qdrant"))
    access = await place.credentials.current()
    assert (access.api_key, access.tls, place.reads) == (None, None, [])


async def test_a_secret_that_is_not_there_is_gone() -> None:
    """Deleting the SearchIndex does not wait for it."""
    with pytest.raises(StoreError, match="The Secret store does not exist") as missing:
        await Place().credentials.current()
    assert (missing.value.reason, missing.value.gone) == ("SecretNotFound", True)


@pytest.mark.parametrize("value", [b"", b" \n", b"two\nlines", "schlüssel".encode(), b"a\x00b"])
async def test_what_cannot_be_a_key_is_said_to_be_none(value: bytes) -> None:
    """It would break the request's headers; and it is never repeated in a message."""
    place = Place()
    place.keep(api_key=value)
    with pytest.raises(StoreError, match="holds no API key") as refused:
        await place.credentials.current()
    assert (refused.value.reason, refused.value.gone) == ("SecretNotFound", False)


async def test_a_secret_without_the_key_is_named() -> None:
    """The message says which key is missing in which Secret."""
    place = Place()
    place.keep(other=b"x")
    with pytest.raises(StoreError, match="The Secret store has no key api-key"):
        await place.credentials.current()


async def test_a_certificate_authority_must_be_one() -> None:
    """And then the connection is verified against it."""
    place = Place(SECURED)
    place.cluster.objects.create(
        "secrets", "shop", {"metadata": {"name": "store"}, "data": {"ca.crt": base64.b64encode(b"no PEM").decode()}}
    )
    with pytest.raises(StoreError, match="no certificate in PEM"):
        await place.credentials.current()


async def test_tls_without_an_authority_trusts_the_systems() -> None:
    """One context is shared by all stores that do."""
    secured = Store.model_validate({"host": "qdrant", "tls": {}})
    contexts = {id((await Place(secured).credentials.current()).tls) for _ in range(3)}
    assert len(contexts) == 1
    assert None not in contexts


async def test_while_the_api_server_is_away_the_known_key_is_used() -> None:
    """The store's answer does not depend on the API server's."""
    place = Place()
    place.keep(api_key=b"first")
    await place.credentials.current()
    place.cluster.failing = ClusterError("away", status=0)
    place.now += FRESH_SECONDS
    assert (await place.credentials.current()).api_key == "first"


async def test_a_secret_that_may_not_be_read_is_said() -> None:
    """Missing rights are the installation's matter, and not to be waited for as for an API server that is away."""
    place = Place()
    place.cluster.failing = ClusterError("forbidden", status=403)
    with pytest.raises(StoreError, match="may not be read"):
        await place.credentials.current()
    place.cluster.failing = ClusterError("away", status=0)
    with pytest.raises(ClusterError):
        await place.credentials.current()
