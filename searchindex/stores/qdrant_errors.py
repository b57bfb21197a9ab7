"""The one place where what a Qdrant server and gRPC say becomes a SearchIndexError."""

from collections.abc import Iterator
from contextlib import contextmanager

import grpc  # type: ignore[import-untyped]
from qdrant_client.common.client_exceptions import ResourceExhaustedResponse

from searchindex.errors import InvalidInput, SearchIndexError, StorageFull, StoreUnavailable, shorten
from searchindex.room import says_full
from searchindex.stores.schema import no_collection

Code = grpc.StatusCode

_SENTENCES = {
    Code.UNAVAILABLE: ("does not answer", "Check that it runs, and its host, port and TLS setting."),
    Code.DEADLINE_EXCEEDED: ("did not answer in time", "It may be busy or too small; allow more time or try again."),
    Code.RESOURCE_EXHAUSTED: ("has no room or refuses more work", "Look at its disk, memory and limits, then try again."),
    Code.UNAUTHENTICATED: ("refuses the key", "Set the API key that the server was started with."),
    Code.PERMISSION_DENIED: ("refuses the key for this", "Use a key that may do this on the collection."),
}
_ELSE = ("failed", "Look at the server's log.")
_FULL = "Enlarge its volume, or free some of it, and try again; what is stored stays, and is searched."


@contextmanager
def qdrant_errors(*, server: str, collection: str) -> Iterator[None]:
    """`server` as host:port. At most 200 bytes of the original, never a stack."""
    try:
        yield
    except grpc.aio.AioRpcError as error:
        raise _translated(error.code(), error.details() or "", server, collection) from error
    except ResourceExhaustedResponse as error:
        raise _translated(Code.RESOURCE_EXHAUSTED, str(error), server, collection) from error
    except TimeoutError as error:
        raise _translated(Code.DEADLINE_EXCEEDED, "", server, collection) from error
    except grpc.aio.UsageError as error:  # what a channel says that has been closed
        raise closed() from error


def closed() -> StoreUnavailable:
    return StoreUnavailable("The connection to Qdrant has been closed.", hint="Open it anew.")


def _translated(code: grpc.StatusCode, said: str, server: str, collection: str) -> SearchIndexError:
    if code is Code.NOT_FOUND:
        return no_collection(f'Qdrant at {server} with the name "{shorten(collection, 60)}"')
    if code is Code.INVALID_ARGUMENT:
        return InvalidInput(f"Qdrant refuses the request: {shorten(said)}")
    if says_full(said):  # as an internal error of the server
        return StorageFull(f"The disk of Qdrant at {server} is full: {shorten(said)}.", hint=_FULL)
    sentence, hint = _SENTENCES.get(code, _ELSE)
    return StoreUnavailable(f"Qdrant at {server} {sentence}{': ' if said else '.'}{shorten(said)}", hint=hint)
