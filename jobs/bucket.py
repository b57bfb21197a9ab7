"""A bucket as a source, over the S3 API. Credentials are those of the client's own variables (`AWS_*`), and are never shown.

What a server says is not shown either but for its error's code: some quote the token that they were given.
"""

import errno
import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from io import BufferedReader
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, BinaryIO

import obstore
from obstore.exceptions import BaseError, InvalidPathError
from obstore.store import S3Store

from jobs.ranged import RangedFile
from jobs.sidecar import NAMES
from jobs.sources import ALL, Obstacle, Selection, Sidecar, Source, SourceUnavailable, looks_like_picture, require_size
from searchindex.errors import InvalidInput, NotFound, shorten

if TYPE_CHECKING:  # there is no such name at run time
    from obstore.store import ClientConfig, S3Config

PART = 8 << 20  # bytes of a sidecar that are asked for at once
PAGE = 1000  # objects in one answer, S3's most
SECONDS = timedelta(seconds=30)  # for one object, or one page
PATIENCE = timedelta(seconds=40)  # no new attempt is begun later
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = 1_000_000  # nanoseconds
REFUSED, ABSENT = {"401", "403"}, "404"
CREDENTIALS = "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_SKIP_SIGNATURE=true for a bucket that anyone may read."
_PATH = re.compile(r'Path "(.*?)"(?:[: ]|$)', re.DOTALL)
_STATUS, _CODE = re.compile(r"status code: (\d{3})"), re.compile(r"<Code>(\w{1,60})</Code>")


class NotAllowed(InvalidInput):
    """These credentials do not suffice, for the bucket or for one object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Objects of `bucket` whose keys begin with `prefix`. `endpoint`: a URL, empty for AWS; plain HTTP only where it says `http://`."""

    bucket: str
    prefix: str = ""
    endpoint: str = ""
    region: str = ""

    @property
    def folder(self) -> str:
        """What a picture's path does not repeat: the prefix up to its last slash."""
        return self.prefix[: self.prefix.rfind("/") + 1]

    def __str__(self) -> str:
        return f"{self.bucket} at {self.endpoint}" if self.endpoint else self.bucket


@dataclass(frozen=True, slots=True, kw_only=True)
class _Object:
    path: str  # below the place's folder
    key: str
    size: int
    mtime: int


class Bucket:
    """`Sources` in `place`. It is listed once; `check` is called for each page, and what it raises ends the listing."""

    def __init__(self, place: Place, *, patience: timedelta | None = None, check: Callable[[], None] = lambda: None) -> None:
        self._place = place
        self._check = check
        self._client = _client(place, patience or PATIENCE)
        self._listed: list[_Object] | None = None

    def walk(self, *, selection: Selection = ALL) -> Iterator[Source | Obstacle]:
        for each in self._objects():
            if looks_like_picture(each.path) and selection.has(each.path):
                yield Source(uri=each.path, place=each.key, size=each.size, mtime=each.mtime, s3_key=each.key)

    def read(self, source: Source) -> bytes:
        try:
            with self._translated():
                found = obstore.get(self._client, source.place)
                require_size(found.meta["size"])
                return bytes(found.bytes())
        except NotAllowed:
            raise PermissionError(errno.EACCES, "these credentials may not read it") from None

    def sidecars(self) -> Iterator[Sidecar]:
        for each in sorted(self._objects(), key=lambda each: each.path.count("/")):
            if PurePosixPath(each.path).name in NAMES and each.path.count("/") <= 1:
                name = f"s3://{self._place.bucket}/{each.key}"
                yield Sidecar(folder=each.path.rpartition("/")[0], name=name, open=partial(self._opened, each))

    def _opened(self, found: _Object) -> BinaryIO:
        """Read by parts, as little may be wanted of a large one."""
        return BufferedReader(RangedFile(found.size, partial(self._range, found.key)), PART)

    def _range(self, key: str, start: int, end: int) -> bytes:
        with self._translated():
            return bytes(obstore.get_range(self._client, key, start=start, end=end))

    def _objects(self) -> list[_Object]:
        """Pictures and sidecars, by key."""
        if self._listed is None:
            with self._translated():
                self._listed = sorted(self._list(), key=lambda each: each.key)
        return self._listed

    def _list(self) -> Iterator[_Object]:
        folder = self._place.folder
        for page in obstore.list(self._client, prefix=folder or None, chunk_size=PAGE):
            self._check()
            for meta in page:
                key = meta["path"]
                path = key.removeprefix(folder)
                name = PurePosixPath(path).name
                if key.startswith(self._place.prefix) and not _is_hidden(path) and (looks_like_picture(name) or name in NAMES):
                    yield _Object(path=path, key=key, size=meta["size"], mtime=_mtime(meta["last_modified"], meta["e_tag"]))

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except InvalidPathError as error:
            found = _PATH.search(str(error))
            raise InvalidInput(
                f'The bucket has a key that cannot be a path: "{shorten(found[1] if found else "")}".',
                hint="Rename the object, so that no part of its key is empty or `..`, and all can be printed; or set another S3_PREFIX.",
            ) from None
        except BaseError as error:
            raise _failure(str(error), self._place) from None


def _client(place: Place, patience: timedelta) -> S3Store:
    config: S3Config = {}
    if place.endpoint:
        config["endpoint"] = place.endpoint
    if place.region:
        config["region"] = place.region
    options: ClientConfig = {"allow_http": place.endpoint.startswith("http://"), "timeout": SECONDS, "user_agent": "searchindex"}
    try:
        return S3Store(place.bucket, config=config, client_options=options, retry_config={"max_retries": 10, "retry_timeout": patience})
    except BaseError:
        raise InvalidInput("The bucket's settings cannot be used.", hint="Look at S3_ENDPOINT, S3_REGION and the AWS_ variables.") from None


def _is_hidden(path: str) -> bool:
    return any(part.startswith(".") for part in path.split("/"))


def _mtime(modified: datetime, etag: str | None) -> int:
    """S3's time is of seconds or milliseconds at best; what is finer is drawn from the ETag, and tells two writes of one moment apart."""
    coarse = (modified - EPOCH) // timedelta(milliseconds=1) * MILLISECOND
    digest = hashlib.blake2b((etag or "").encode(), digest_size=8).digest()
    return coarse + (int.from_bytes(digest, "big") % MILLISECOND if etag else 0)


def _failure(said: str, place: Place) -> Exception:
    """What the client's words mean. They hold the server's answer: only its status and code are taken from them."""
    first = said.partition("\n\n")[0]
    status, code = _STATUS.search(first), _CODE.search(first)
    what = f" ({code[1]})" if code else f" (HTTP {status[1]})" if status else ""
    if "/latest/api/token" in first or "/latest/meta-data" in first:
        return NotAllowed(f"There are no credentials for the bucket {place}.", hint=CREDENTIALS)
    if status and status[1] in REFUSED:
        return NotAllowed(f"The bucket {place} may not be read with these credentials{what}.", hint=CREDENTIALS)
    if status and status[1] == ABSENT:
        return NotFound(f"There is no bucket {place}{what}.", hint="Look at S3_BUCKET and S3_ENDPOINT.")
    return SourceUnavailable(f"The bucket {place} does not answer{what}.", hint="Look at S3_ENDPOINT, S3_REGION and the network.")
