"""The one place where what Qdrant Edge and the file system say becomes StoreUnavailable.

The engine raises bare `Exception` with text, and panics as a BaseException of its own.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from searchindex.errors import SearchIndexError, StorageFull, StoreUnavailable, shorten
from searchindex.room import says_full

# (words in the engine's text or None, errno values) -> what to do
_HINTS = (
    (("Permission denied", "os error 13"), (errno.EACCES, errno.EPERM), "Check who owns the folder and may write to it."),
    (("Read-only file system", "os error 30"), (errno.EROFS,), "Choose a folder on a disk that can be written."),
    (("WouldBlock",), (), "Another process has it open; close that one first."),
    (("Too many open files", "os error 24"), (errno.EMFILE, errno.ENFILE), "Raise the limit of open files (ulimit -n)."),
)
_ELSE = "If it stays so, restore the folder from a backup, or remove it and index again."


@contextmanager
def engine_errors(folder: Path) -> Iterator[None]:
    """Let SearchIndexError through; turn the rest into StoreUnavailable with at most 200 bytes of the original."""
    try:
        yield
    except SearchIndexError:
        raise
    except Exception as error:
        raise _unavailable(folder, error) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # pyo3's, which cannot be imported
            raise
        raise _unavailable(folder, error) from error


def _unavailable(folder: Path, error: BaseException) -> StoreUnavailable:
    if says_full(error):
        return StorageFull(f"There is no room for the index in {shorten(str(folder))}.", hint="Free some disk space and try again.")
    return StoreUnavailable(f"The index in {shorten(str(folder))} cannot be used: {shorten(str(error))}", hint=_hint(error))


def _hint(error: BaseException) -> str:
    number, text = getattr(error, "errno", None), str(error)
    for words, numbers, hint in _HINTS:
        if number in numbers or any(word in text for word in words):
            return hint
    return _ELSE
