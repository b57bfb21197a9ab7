"""What a collection on a Qdrant server (1.16 or newer) says of itself, shared by those that fill it and those that manage it.

Qdrant keeps `metadata` with a collection and merges a change into it key by key at the top level; a key set to null is removed. So the
parts can be written by several programs: `index` by whoever manages the collection, `fingerprint` by whoever first puts vectors in.
Pure, and free of any client's types.
"""

from collections.abc import Mapping
from typing import Any

OWNER = "searchindex"
INDEXING_THRESHOLD = 10_000  # kilobytes of vectors in a segment; below, comparing with all of them is exact and fast

BUILD_THREADS = "build_threads"  # what they become once the collection is searched; there while they are held down
CLAIM = "claim-"  # and a token of the process that makes it

Metadata = Mapping[str, Any]


def described(*, name: str, fingerprint: str, schema: Mapping[str, str], index: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """`schema`: field -> type. `index`: the resource that a managed collection belongs to; `fingerprint` may be empty for one."""
    said: dict[str, Any] = {"owner": OWNER, "name": name, "fingerprint": fingerprint, "schema": {k: str(v) for k, v in schema.items()}}
    return said if index is None else said | {"index": dict(index)}


def fingerprint(said: Metadata | None) -> str:
    """Empty where another program made the collection, or nothing has been put in yet."""
    return _text(said, "fingerprint")


def owner(said: Metadata | None) -> str:
    """The program that made the collection; empty where it does not say."""
    return _text(said, "owner")


def unclaimed(said: Metadata | None) -> bool:
    """Made for us, by a program that does not know the weights: whoever puts in the first vectors says them."""
    return owner(said) == OWNER and not fingerprint(said)


def claims(said: Metadata | None) -> set[str]:
    """The fingerprints that processes are about to write."""
    return {str(value) for key, value in (said or {}).items() if key.startswith(CLAIM)}


def index(said: Metadata | None) -> dict[str, Any]:
    """The resource that the collection belongs to; empty where it belongs to none."""
    found = (said or {}).get("index")
    return dict(found) if isinstance(found, Mapping) else {}


def threads_after(said: Metadata | None) -> dict[str, Any] | None:
    """What was noted when the threads that build it were held down; None where they are not."""
    found = (said or {}).get(BUILD_THREADS)
    return dict(found) if isinstance(found, Mapping) else None


def _text(said: Metadata | None, key: str) -> str:
    found = (said or {}).get(key)
    return found if isinstance(found, str) else ""
