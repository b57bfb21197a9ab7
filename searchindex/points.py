"""Point ids and payloads: what one image is in the collection."""

import hashlib
from dataclasses import asdict, dataclass, field
from typing import Any, NewType

PointId = NewType("PointId", int)
ContentHash = NewType("ContentHash", str)

Payload = dict[str, Any]  # JSON, as it is stored beside the vector


def point_id(uri: str) -> PointId:
    """The first 63 bits of MD5 over the image's source-relative URI: the same image has the same id in every run.

    63 bits, so that the id fits a signed 64-bit integer everywhere. By the birthday bound a collection of 10 million images
    has two equal ids with probability 5e-6.
    """
    digest = hashlib.md5(uri.encode("utf-8", "surrogateescape"), usedforsecurity=False).digest()
    return PointId(int.from_bytes(digest[:8], "big") >> 1)


def content_hash(content: bytes) -> ContentHash:
    """128 bits of BLAKE2b in hex: two images with equal hashes need one encoding."""
    return ContentHash(hashlib.blake2b(content, digest_size=16).hexdigest())


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Degrees of longitude, -180 to 180, east positive, and of latitude, -90 to 90, north positive: the form of Qdrant's geo index."""

    lon: float
    lat: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePayload:
    """What is stored beside an image's vector. `mtime` in nanoseconds since 1970, `size` in bytes, width and height in pixels.

    `location` is personal, and known only where somebody asked for it.
    """

    file_path: str
    file_name: str
    s3_key: str | None
    width: int
    height: int
    category: str
    content_hash: ContentHash
    mtime: int
    size: int
    format: str
    indexed_at: str
    title: str | None = None
    taken_at: str | None = None
    location: Location | None = None
    tags: tuple[str, ...] = ()
    attributes: Payload = field(default_factory=dict)

    def as_payload(self) -> Payload:
        """A JSON object without the fields that are not known; attributes stay under their own key."""
        values = asdict(self) | {"tags": list(self.tags)}
        return {name: value for name, value in values.items() if value not in (None, [], {})}
