"""The API key and the certificate authority of a store, from the Secrets that a SearchIndex names; rotation is picked up."""

import ssl
import time
from collections.abc import Callable
from functools import lru_cache

from controller.conditions import Reason
from controller.ports import Cluster, ClusterError, StoreError
from searchindex.spec import SecretKeyRef, Store
from searchindex.stores.qdrant_rest import Access

FRESH_SECONDS = 60.0
RENEW_SECONDS = 5.0  # a store that refuses every key does not make the API server read its Secret all the time
REFUSED = {401, 403}


class SecretCredentials:
    """For one store, as one namespace names it. `clock`: seconds, monotonic."""

    def __init__(self, cluster: Cluster, namespace: str, store: Store, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._cluster, self._namespace, self._store, self._clock = cluster, namespace, store, clock
        self._access: Access | None = None
        self._read = 0.0

    async def current(self) -> Access:
        """StoreError where a Secret or its key is missing; ClusterError where it could never be read."""
        return await self._within(FRESH_SECONDS)

    async def renewed(self) -> Access:
        return await self._within(RENEW_SECONDS)

    async def _within(self, seconds: float) -> Access:
        if self._access is None or self._clock() - self._read >= seconds:
            try:
                self._access = await self._from_secrets()
            except ClusterError:
                if self._access is None:
                    raise
            self._read = self._clock()
        return self._access

    async def _from_secrets(self) -> Access:
        key, tls = self._store.api_key_secret_ref, self._store.tls
        api_key = None if key is None else _api_key(await self._value(key), key)
        if tls is None:
            return Access(api_key)
        authority = "" if tls.ca_secret_ref is None else (await self._value(tls.ca_secret_ref)).decode("ascii", "replace")
        try:
            return Access(api_key, _context(authority))
        except (ssl.SSLError, ValueError) as error:
            raise _missing(tls.ca_secret_ref, "holds no certificate in PEM") from error

    async def _value(self, wanted: SecretKeyRef) -> bytes:
        try:
            found = await self._cluster.secret(self._namespace, wanted.name)
        except ClusterError as error:
            if error.status in REFUSED:
                raise _missing(wanted, "may not be read by the controller") from error
            raise
        if found is None or wanted.key not in found:
            what = "does not exist" if found is None else f"has no key {wanted.key}"
            raise StoreError(f"The Secret {wanted.name} {what}.", reason=Reason.SECRET_NOT_FOUND, gone=found is None)
        return found[wanted.key]


@lru_cache(maxsize=64)
def _context(authority: str) -> ssl.SSLContext:
    """Shared: one that trusts the system's authorities takes a megabyte. Equal contexts are what `Access` is compared by."""
    return ssl.create_default_context(cadata=authority or None)


def _api_key(value: bytes, wanted: SecretKeyRef) -> str:
    """A final line break is what editors leave behind."""
    text = value.strip().decode("ascii", "replace")
    if not text or not text.isascii() or not text.isprintable():
        raise _missing(wanted, "holds no API key: one line of ASCII")
    return text


def _missing(wanted: SecretKeyRef | None, what: str) -> StoreError:
    name = wanted.name if wanted is not None else "(none)"
    return StoreError(f"The Secret {name} {what}.", reason=Reason.SECRET_NOT_FOUND)
