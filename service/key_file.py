"""The file of API keys: who may do what, by the SHA-256 of each key, read anew when it changes.

One entry a line, `#` starts a comment line:

    name:scopes:sha256[:index]        scopes: `search`, `admin`, or both with a comma between them

A plain SHA-256 is enough where a password needs a slow hash: a key is 256 random bits, so there is no list of likely ones to try,
and 2^256 guesses are out of reach at any speed. Only keys of the shape that `new_key` makes are ever looked up, so that nobody can
enter the hash of a word instead. A slow hash would cost tens of milliseconds of every search.
"""

import hashlib
import hmac
import logging
import re
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from searchindex.errors import InvalidInput

log = logging.getLogger(__name__)

KEY = re.compile(rb"si_[A-Za-z0-9_-]{43}")  # the prefix lets scanners of source code find a key that was committed
NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")  # safe in a log line and in the name of a counter
DIGEST = re.compile(r"[0-9a-fA-F]{64}")
LARGEST_FILE = 1_000_000  # bytes; ten thousand keys
CHECK_SECONDS = 1.0
FIELDS = (3, 4)

Stamp = tuple[int, ...]


class KeyScope(StrEnum):
    """What a key opens; `admin` opens what `search` opens too."""

    SEARCH = "search"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """One line. `index` is the only index that the key opens; empty opens any."""

    name: str
    scopes: frozenset[KeyScope]
    digest: bytes
    index: str = ""

    def may(self, scope: KeyScope) -> bool:
        return scope in self.scopes or KeyScope.ADMIN in self.scopes


def new_key(name: str, scopes: Iterable[KeyScope], *, index: str = "") -> tuple[str, str]:
    """A fresh key and its line for the file; InvalidInput for a name that no line may have.

    The key is for its owner, to be shown once and kept nowhere.
    """
    key = f"si_{secrets.token_urlsafe(32)}"
    fields = [name, ",".join(scopes), hashlib.sha256(key.encode()).hexdigest(), *([index] if index else [])]
    line = ":".join(fields)
    if _entry(line) is None:
        raise InvalidInput("That name, scope or index cannot stand in a key file.", hint="Letters, digits, `.`, `_` and `-`, at most 64.")
    return key, line


def parse_keys(text: str) -> tuple[KeyEntry, ...]:
    """The entries of a file; InvalidInput names the line, never what is in it: it may be a key that was pasted there by mistake.

    A file without any entry is refused: it is far more often half written than meant. To shut everyone out, leave one key in it
    that nobody holds.
    """
    entries: dict[bytes, KeyEntry] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        entry = _entry(line.strip())
        if entry is None:
            raise InvalidInput(f"Line {number} of the key file is not `name:scopes:sha256[:index]`.", hint="It never holds a key itself.")
        if entry.digest in entries:
            raise InvalidInput(f"Line {number} of the key file repeats the key of another line.", hint="Give both scopes in one line.")
        entries[entry.digest] = entry
    if not entries:
        raise InvalidInput("The key file has no entry.", hint="Without a key file, the service is open to all.")
    return tuple(entries.values())


def _entry(line: str) -> KeyEntry | None:
    fields = line.split(":")
    if len(fields) not in FIELDS:
        return None
    name, words, digest, index = [*fields, ""][:4]
    known = {scope.value: scope for scope in KeyScope}
    scopes = words.split(",")
    right = NAME.fullmatch(name) and DIGEST.fullmatch(digest) and all(word in known for word in scopes)
    if not right or (index and not NAME.fullmatch(index)):
        return None
    return KeyEntry(name, frozenset(known[word] for word in scopes), bytes.fromhex(digest), index)


def read_keys(path: Path) -> tuple[KeyEntry, ...]:
    """The entries of the file at `path`; InvalidInput where it is missing, too large, not text, or not a key file."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            raise InvalidInput("The key file is larger than 1 MB.")
        return parse_keys(content.decode("utf-8-sig"))
    except OSError as error:
        raise InvalidInput(f"The key file {path} cannot be read: {error.strerror or type(error).__name__}.") from None
    except UnicodeDecodeError:
        raise InvalidInput("The key file is not UTF-8 text.") from None


class ApiKeys:
    """The keys of a file, for one index. Opening raises InvalidInput: a service that was told of keys never starts open.

    Afterwards the file is looked at once a second at most, when a key is asked for. A changed one replaces all keys at once; one
    that cannot be used leaves the old keys in force and is warned of once.
    """

    def __init__(self, path: Path, *, index: str = "", clock: Callable[[], float] = time.monotonic) -> None:
        self._path, self._index, self._clock = path, index, clock
        self._stamp = _stamp(path)
        self._entries = self._read()
        self._checked = clock()

    def find(self, key: bytes) -> KeyEntry | None:
        """The entry of `key`, or None. Every entry is compared, each in constant time: how long it takes tells nothing of any."""
        self._refresh()
        if not KEY.fullmatch(key):
            return None
        digest, found = hashlib.sha256(key).digest(), None
        for entry in self._entries:
            if hmac.compare_digest(entry.digest, digest):
                found = entry
        return found

    def _read(self) -> tuple[KeyEntry, ...]:
        """A key of another index is no key here."""
        return tuple(entry for entry in read_keys(self._path) if entry.index in ("", self._index))

    def _refresh(self) -> None:
        """In the event loop, as a stat of a mounted Secret (a tmpfs) takes microseconds, and the file is small."""
        if self._clock() - self._checked < CHECK_SECONDS:
            return
        self._checked = self._clock()
        # Taken before reading: a file that changes in between differs from this stamp, and is read again.
        stamp = _stamp(self._path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._entries = self._read()
            log.info("the key file has changed: %d keys", len(self._entries))
        except InvalidInput as error:
            log.warning("the key file has changed and cannot be used; the keys before it stay valid. %s", error)


def _stamp(path: Path) -> Stamp:
    """Differs when the file does: through symbolic links, so that the swap of a Secret's `..data` is seen; empty for no file."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
