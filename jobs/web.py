"""A list of addresses as a source: one URL a line, JSON Lines with `url`, or Parquet with a column of that name.

Off unless a list and the hosts that may be asked are given. What an address shows is taken to stay as it is: it is read once, and again
only where its point is gone.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jobs.folder import sidecar_at
from jobs.sidecar import NAMES, PARQUET
from jobs.sources import ALL, OBSTACLES, Obstacle, Selection, Sidecar, Source
from jobs.web_fetch import Fetch
from jobs.web_rules import RefusedError, target_of
from searchindex.errors import InvalidInput, shorten
from searchindex.extras import extra


@dataclass(frozen=True, slots=True)
class Web:
    """`Sources` that `listing` names, in its order; one that is named twice counts once. A URI is the address without its scheme."""

    listing: Path
    fetch: Fetch

    def walk(self, *, selection: Selection = ALL) -> Iterator[Source | Obstacle]:
        seen: set[str] = set()
        for url in self._urls():
            found = self._found(url)
            if found.uri not in seen and selection.has(found.uri):
                seen.add(found.uri)
                yield found

    def read(self, source: Source) -> bytes:
        return self.fetch.read(source.place)

    def sidecars(self) -> Iterator[Sidecar]:
        """Beside the list; `file_path` is an address without its scheme."""
        for name in NAMES:
            path = self.listing.parent / name
            if path.is_file() and path != self.listing:
                yield sidecar_at(path)

    def _found(self, url: str) -> Source | Obstacle:
        try:
            return Source(uri=target_of(url, self.fetch.rules).uri, place=url, size=0, mtime=0)
        except RefusedError as error:
            return Obstacle(uri=shorten(url), reason="address-refused", message=f"{OBSTACLES['address-refused']} Because {error}.")

    def _urls(self) -> Iterator[str]:
        """InvalidInput names the line or row that cannot be read."""
        try:
            yield from (_rows if self.listing.suffix == PARQUET else _lines)(self.listing)
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidInput(f"URL_LIST: {self.listing} cannot be read ({type(error).__name__}).") from None


def _lines(listing: Path) -> Iterator[str]:
    with listing.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield _url(line.strip(), number)


def _rows(listing: Path) -> Iterator[str]:
    with extra("parquet"):
        from jobs.parquet import Kind, rows  # noqa: PLC0415  # an extra, and seldom needed
    with listing.open("rb") as file:
        for _, row in rows(file, f"URL_LIST: {listing}", {"url": Kind.TEXT}):
            yield row["url"]


def _url(line: str, number: int) -> str:
    if not line.startswith("{"):
        return line
    try:
        return str(json.loads(line)["url"])
    except (ValueError, KeyError, RecursionError):
        raise InvalidInput(f'URL_LIST: line {number} is no object with "url".') from None
