"""What source, collection and ledger say of each picture, compared both ways. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from jobs.ledger import Entry, Outcome
from jobs.listing import Listing
from jobs.plan import is_hidden
from jobs.sources import Source
from searchindex.points import Payload, PointId, point_id

HELD = {Outcome.INDEXED, Outcome.UNCHANGED}  # outcomes with a point in the collection


class Kind(StrEnum):
    """How two of the three differ."""

    MISSING = "missing", "The picture has no point, and no ledger says that it cannot be used."
    CHANGED = "changed", "The picture is newer, or of another size, than what its point was made of."
    CONTENT = "content", "The picture's content is another than what its point was made of, though size and time are the same."
    PHANTOM = "phantom", "The point's picture is gone."
    MISNAMED = "misnamed", "The point's id does not follow from the path that it names."
    VECTOR = "vector", "The point's vector is not finite, or not of unit length."
    UNHELD = "unheld", "The ledger says that the picture is in the collection, and it is not."
    UNLISTED = "unlisted", "The point is not in the ledger, or there with another content."

    meaning: str

    def __new__(cls, value: str, meaning: str) -> Self:
        made = str.__new__(cls, value)
        made._value_, made.meaning = value, meaning
        return made


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """`identity`: of the point, where there is one."""

    kind: Kind
    uri: str
    identity: PointId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What there is. `stored`: points by id, misnamed ones included; `account`: the ledger's entries, None where there is no ledger.

    `contents`: the hash of each picture that was read; `spoilt`: points whose vector cannot be searched with.
    """

    listing: Listing
    stored: Mapping[PointId, tuple[str, Payload]]
    account: Mapping[str, Entry] | None = None
    contents: Mapping[str, str] = field(default_factory=dict)
    spoilt: Sequence[PointId] = ()


def audit(found: Found) -> list[Difference]:
    """Every difference, by kind and path. None: the three agree."""
    return sorted({*_from_source(found), *_from_collection(found), *_from_ledger(found)})


def _from_source(found: Found) -> Iterator[Difference]:
    for source in found.listing.sources:
        identity = point_id(source.uri)
        if identity not in found.stored:
            if not _is_known_unusable(source, found.account):
                yield Difference(Kind.MISSING, source.uri)
            continue
        _, payload = found.stored[identity]
        if (payload.get("size"), payload.get("mtime")) != (source.size, source.mtime):
            yield Difference(Kind.CHANGED, source.uri, identity)
        elif found.contents.get(source.uri, payload.get("content_hash")) != payload.get("content_hash"):
            yield Difference(Kind.CONTENT, source.uri, identity)


def _is_known_unusable(source: Source, account: Mapping[str, Entry] | None) -> bool:
    entry = (account or {}).get(source.uri)
    return entry is not None and entry.outcome not in HELD and (entry.size, entry.mtime) == (source.size, source.mtime)


def _from_collection(found: Found) -> Iterator[Difference]:
    there = {source.uri for source in found.listing.sources}
    for identity, (uri, _) in found.stored.items():
        if identity != point_id(uri):
            yield Difference(Kind.MISNAMED, uri, identity)
        elif uri not in there and not is_hidden(uri, found.listing.hidden):
            yield Difference(Kind.PHANTOM, uri, identity)
    for identity in found.spoilt:
        yield Difference(Kind.VECTOR, found.stored[identity][0], identity)


def _from_ledger(found: Found) -> Iterator[Difference]:
    if found.account is None:
        return
    held = {uri: payload for identity, (uri, payload) in found.stored.items() if identity == point_id(uri)}
    for uri, entry in found.account.items():
        if entry.outcome in HELD and uri not in held:
            yield Difference(Kind.UNHELD, uri)
    for uri, payload in held.items():
        said = found.account.get(uri)
        if said is None or (said.outcome in HELD and said.content_hash != payload.get("content_hash")):
            yield Difference(Kind.UNLISTED, uri, point_id(uri))
