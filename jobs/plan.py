"""What an indexing run has to do: pure comparison of the sources with what the collection holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from jobs.ledger import Outcome
from jobs.sidecar import NOTHING, Annotation
from jobs.sources import Source
from searchindex.points import Payload, PointId, point_id

PLACE = "location"  # of a payload


@dataclass(frozen=True, slots=True)
class Plan:
    """`encode`: new or changed; `refresh`: the same picture under new metadata; `remove`: URIs of points whose picture is gone."""

    encode: tuple[Source, ...]
    refresh: tuple[Source, ...]
    unchanged: tuple[Source, ...]
    remove: tuple[str, ...]


def plan(
    sources: Sequence[Source],
    stored: Mapping[PointId, Payload],
    annotations: Mapping[str, Annotation],
    *,
    hidden: Sequence[str] = (),
    place: bool = False,
) -> Plan:
    """A picture is unchanged when size and mtime are as they were and its metadata says the same.

    `hidden`: files and folders that could not be looked at. What lies there may still be there, and is not removed. `place`: whether
    a point may say where its picture was taken; where not, one that does is refreshed, which takes it away.
    """
    encode: list[Source] = []
    refresh: list[Source] = []
    unchanged: list[Source] = []
    seen: set[PointId] = set()
    for source in sources:
        identity = point_id(source.uri)
        seen.add(identity)
        payload = stored.get(identity)
        if payload is None or (payload.get("size"), payload.get("mtime")) != (source.size, source.mtime):
            encode.append(source)
        elif _says_the_same(payload, source, annotations.get(source.uri, NOTHING)) and (place or PLACE not in payload):
            unchanged.append(source)
        else:
            refresh.append(source)
    gone = (str(payload["file_path"]) for identity, payload in stored.items() if identity not in seen)
    return Plan(tuple(encode), tuple(refresh), tuple(unchanged), tuple(sorted(uri for uri in gone if not is_hidden(uri, hidden))))


def category_of(source: Source, annotation: Annotation) -> str:
    """What the sidecar says, else the name of the folder that the picture lies in."""
    folder, _, _ = source.uri.rpartition("/")
    return annotation.category if annotation.category is not None else folder.rpartition("/")[2]


def is_hidden(uri: str, hidden: Sequence[str]) -> bool:
    return any(place in ("", ".", uri) or uri.startswith(f"{place}/") for place in hidden)


def _says_the_same(payload: Payload, source: Source, annotation: Annotation) -> bool:
    return (
        payload.get("category", "") == category_of(source, annotation)
        and payload.get("title") == annotation.title
        and payload.get("tags", []) == list(annotation.tags)
        and payload.get("attributes", {}) == annotation.attributes
    )


class Action(StrEnum):
    ENCODE = "encode"
    REFRESH = "refresh"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Intent:
    """What a run means to do with one picture. `before`: the content hash that the collection had for it when the run began."""

    action: Action
    before: str | None = None


def intents(made: Plan, stored: Mapping[PointId, Payload]) -> dict[str, Intent]:
    """By URI. With them a run that was interrupted tells what it did: the collection shows what is done, these what was there before."""
    encode = {source.uri: Intent(Action.ENCODE, stored.get(point_id(source.uri), {}).get("content_hash")) for source in made.encode}
    refresh = {source.uri: Intent(Action.REFRESH) for source in made.refresh}
    return encode | refresh | {uri: Intent(Action.REMOVE) for uri in made.remove}


def outcome_of(intent: Intent | None, content_hash: str | None) -> Outcome:
    """Of a picture that is in the collection with this content: a file that was merely touched is unchanged."""
    if intent is None or (intent.action is Action.ENCODE and intent.before == content_hash):
        return Outcome.UNCHANGED
    return Outcome.INDEXED
