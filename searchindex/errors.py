"""Everything that can go wrong and that a caller can act on.

    SearchIndexError                 message says what happened, hint says what to do
    ├── InvalidInput                 the caller's: an HTTP 422, exit status 2
    │   ├── InvalidFilter
    │   └── InvalidImage             one picture that cannot be used; `reason` is a word for the ledger
    ├── NotFound                     an id, a folder, a model that is not there: an HTTP 404, exit status 2
    │   └── NoCollection             what is to be searched or written to is not there: to a caller of the service an HTTP 503
    ├── ModelUnavailable             weights or a package are missing, or are not what the card says
    ├── StoreUnavailable             the vector store does not answer, or is locked
    │   └── StorageFull              it, or what is written beside it, has no room: nothing that was stored is lost
    ├── CollectionMismatch           a collection built with another model or shape; never to be searched
    └── Overloaded                   refused to keep others fast; try again

Programs translate these once, at their border: `service/errors.py` to a status, `cli/failures.py` to an exit status.
"""


class SearchIndexError(Exception):
    """`message` is one sentence; `hint` is what the reader can do about it, or empty."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()


class InvalidInput(SearchIndexError):
    """What the caller sent cannot be used."""


class InvalidFilter(InvalidInput):
    """A filter that is malformed, too large, or names a field that is not declared."""


class InvalidImage(InvalidInput):
    """One picture that cannot be used. `reason`: a stable word such as `truncated`, `too-large`, `unsupported-format`."""

    def __init__(self, message: str, *, reason: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.reason = reason


class NotFound(SearchIndexError):
    """What was asked for does not exist."""


class NoCollection(NotFound):
    """There is no collection, or no longer."""


class ModelUnavailable(SearchIndexError):
    """A model cannot be loaded; the hint names the file, package or network it needs."""


class StoreUnavailable(SearchIndexError):
    """The vector store cannot be used now."""


class StorageFull(StoreUnavailable):
    """A disk that is written to is full."""


class CollectionMismatch(SearchIndexError):
    """The collection was built with another model or shape than the one asked for."""


class Overloaded(SearchIndexError):
    """Refused because too much is waiting; `retry_after` is in seconds."""

    def __init__(self, message: str, *, retry_after: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


def shorten(text: str, limit: int = 200) -> str:
    """`text` cut to `limit` UTF-8 bytes: input is never echoed at length, and never with bytes that cannot be printed."""
    printable = "".join(char if char.isprintable() else "�" for char in text[:limit])
    whole = printable.encode("utf-8", "replace")
    if len(whole) <= limit and len(text) <= limit:
        return whole.decode("utf-8")
    return whole[: limit - 3].decode("utf-8", "ignore") + "…"
