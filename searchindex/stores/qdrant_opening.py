"""The one way to a Qdrant server, for every program: from settings to a store, and whom to believe to be the server."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pydantic import SecretStr

from searchindex.collection import Hnsw
from searchindex.errors import InvalidInput
from searchindex.extras import extra as brought_by

if TYPE_CHECKING:  # its packages are not installed on a laptop
    from searchindex.stores.qdrant import QdrantStore


class QdrantSettings(Protocol):
    """What the programs' settings have in common. `qdrant_timeout` in seconds, for every single call."""

    @property
    def qdrant_host(self) -> str: ...
    @property
    def qdrant_port(self) -> int: ...
    @property
    def qdrant_grpc_port(self) -> int: ...
    @property
    def qdrant_collection(self) -> str: ...
    @property
    def qdrant_api_key(self) -> SecretStr | None: ...
    @property
    def qdrant_tls(self) -> bool: ...
    @property
    def qdrant_ca_file(self) -> Path | None: ...
    @property
    def qdrant_timeout(self) -> float: ...


def open_qdrant(
    settings: QdrantSettings, *, extra: str, ef: int = Hnsw().ef, metadata: Callable[[], Sequence[tuple[str, str]]] = list
) -> "QdrantStore":
    """The store, before anything is asked of the server. `extra`: what brings a program Qdrant's client.

    `ef` and `metadata` as of `QdrantStore`. InvalidInput where the client or the file of QDRANT_CA_FILE is not there.
    """
    with brought_by(extra):
        from searchindex.stores.qdrant import QdrantStore  # noqa: PLC0415  # not installed on a laptop
    if settings.qdrant_ca_file is not None:
        trust(settings.qdrant_ca_file)
    return QdrantStore(
        settings.qdrant_host,
        http_port=settings.qdrant_port,
        grpc_port=settings.qdrant_grpc_port,
        collection=settings.qdrant_collection,
        api_key=settings.qdrant_api_key.get_secret_value() if settings.qdrant_api_key else None,
        tls=settings.qdrant_tls,
        timeout=settings.qdrant_timeout,
        ef=ef,
        metadata=metadata,
    )


def trust(authority: Path) -> None:
    """The certificate authority in the PEM file `authority` and no other, for the whole process and before its first gRPC channel.

    gRPC reads its roots once, and qdrant-client hands none over. InvalidInput where there is no such file.
    """
    if not authority.is_file():
        raise InvalidInput(f"QDRANT_CA_FILE: there is no file {authority}.", hint="Mount the certificate authority there.")
    os.environ["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"] = str(authority)
