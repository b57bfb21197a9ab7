"""The pictures of one shard of one source, with their names in the collection."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from jobs.ledger import Entry, Outcome
from jobs.shards import WHOLE, Shard
from jobs.sources import ALL, Obstacle, Selection, Source, Sources


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What one run is responsible for, among sources and among stored points alike.

    `source`: where several sources share a collection, the name that their URIs begin with; empty where there is one.
    """

    source: str = ""
    shard: Shard = WHOLE

    def uri(self, path: str) -> str:
        """The URI of a path below the source's folder; that of the folder itself is `.`."""
        if not self.source:
            return path
        return self.source if path == "." else f"{self.source}/{path}"

    def has(self, uri: str) -> bool:
        return (not self.source or uri.startswith(f"{self.source}/")) and self.shard.holds(uri)


EVERYTHING = Scope()


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """`sources` to be indexed; `unusable` with their reasons; `hidden`: URIs of files and folders that could not be looked at."""

    sources: tuple[Source, ...]
    unusable: tuple[Entry, ...]
    hidden: tuple[str, ...]

    @property
    def total(self) -> int:
        return len(self.sources) + len(self.unusable)


def list_pictures(
    sources: Sources, *, scope: Scope = EVERYTHING, selection: Selection = ALL, check: Callable[[], None] = lambda: None
) -> Listing:
    """`check` is called for every picture; what it raises ends the listing."""
    found = _named(sources.walk(selection=selection), scope, check)
    ours = [each for each in found if isinstance(each, Obstacle) or scope.has(each.uri)]
    obstacles = [each for each in ours if isinstance(each, Obstacle)]
    return Listing(
        sources=tuple(each for each in ours if isinstance(each, Source)),
        unusable=tuple(_unusable(each) for each in obstacles if scope.has(each.uri) or each.uri == scope.source),
        hidden=tuple(each.uri for each in obstacles if each.hides),
    )


def _named(found: Iterable[Source | Obstacle], scope: Scope, check: Callable[[], None]) -> Iterable[Source | Obstacle]:
    for each in found:
        check()
        yield replace(each, uri=scope.uri(each.uri))


def _unusable(obstacle: Obstacle) -> Entry:
    """What hides something has failed; the others never were pictures of this folder."""
    outcome = Outcome.FAILED if obstacle.hides else Outcome.SKIPPED
    return Entry(uri=obstacle.uri, outcome=outcome, reason=obstacle.reason, message=obstacle.message)
