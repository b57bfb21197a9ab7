"""Whom to believe to be the Qdrant server."""

import os
from pathlib import Path

from searchindex.errors import InvalidInput


def trust(authority: Path) -> None:
    """The certificate authority in the PEM file `authority` and no other, for the whole process and before its first gRPC channel.

    gRPC reads its roots once, and qdrant-client hands none over. InvalidInput where there is no such file.
    """
    if not authority.is_file():
        raise InvalidInput(f"QDRANT_CA_FILE: there is no file {authority}.", hint="Mount the certificate authority there.")
    os.environ["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"] = str(authority)
