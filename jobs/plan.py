"""What an indexing run has to do: pure comparison of the sources with what the collection holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jobs.sidecar import NOTHING, Annotation
from jobs.walk import Source
from searchindex.points import Payload, PointId, point_id


@dataclass(frozen=True, slots=True)
class Plan:
    """`encode`: new or changed; `refresh`: the same picture under new metadata; `remove`: points whose picture is gone."""

    encode: tuple[Source, ...]
    refresh: tuple[Source, ...]
    unchanged: int
    remove: tuple[PointId, ...]


def plan(sources: Sequence[Source], stored: Mapping[PointId, Payload], annotations: Mapping[str, Annotation]) -> Plan:
    """A picture is unchanged when size and mtime are as they were and its metadata says the same."""
    encode: list[Source] = []
    refresh: list[Source] = []
    seen: set[PointId] = set()
    for source in sources:
        identity = point_id(source.uri)
        seen.add(identity)
        payload = stored.get(identity)
        if payload is None or (payload.get("size"), payload.get("mtime")) != (source.size, source.mtime):
            encode.append(source)
        elif not _says_the_same(payload, source, annotations.get(source.uri, NOTHING)):
            refresh.append(source)
    gone = tuple(sorted(identity for identity in stored if identity not in seen))
    return Plan(tuple(encode), tuple(refresh), len(seen) - len(encode) - len(refresh), gone)


def category_of(source: Source, annotation: Annotation) -> str:
    """What the sidecar says, else the name of the folder that the picture lies in."""
    folder, _, _ = source.uri.rpartition("/")
    return annotation.category if annotation.category is not None else folder.rpartition("/")[2]


def _says_the_same(payload: Payload, source: Source, annotation: Annotation) -> bool:
    return (
        payload.get("category", "") == category_of(source, annotation)
        and payload.get("title") == annotation.title
        and payload.get("tags", []) == list(annotation.tags)
        and payload.get("attributes", {}) == annotation.attributes
    )
