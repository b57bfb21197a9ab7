"""What a picture says about itself: which way is up, and when and where it was taken. Nothing in it can make a picture fail."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from PIL import Image

from searchindex.images.gps import location_of
from searchindex.points import Location

_ORIENTATION = 0x0112
_EXIF_IFD = 0x8769
_GPS_IFD = 0x8825
_DATE_TIME_ORIGINAL = 0x9003
_OFFSET_TIME_ORIGINAL = 0x9011

_TURNS: Mapping[int, Image.Transpose] = MappingProxyType(
    {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
)
_SWAPS = frozenset({5, 6, 7, 8})


@dataclass(frozen=True, slots=True, kw_only=True)
class Exif:
    """`turn` makes the picture upright; `swaps_sides` where it exchanges width and height; `taken_at` in ISO 8601."""

    turn: Image.Transpose | None = None
    swaps_sides: bool = False
    taken_at: str | None = None
    location: Location | None = None


def read_exif(picture: Image.Image) -> Exif:
    """Of a picture whose file is still open; all unknown where the metadata is damaged."""
    try:
        tags = picture.getexif()
        orientation = tags.get(_ORIENTATION, 1)
        taken_at = _taken_at(tags.get_ifd(_EXIF_IFD))
    except Exception:  # noqa: BLE001 # a damaged tag raises anything, and a picture is worth more than its metadata
        return Exif()
    return Exif(turn=_TURNS.get(orientation), swaps_sides=orientation in _SWAPS, taken_at=taken_at, location=_location(tags))


def _location(tags: Image.Exif) -> Location | None:
    try:
        return location_of(tags.get_ifd(_GPS_IFD))
    except Exception:  # noqa: BLE001 # as above; a damaged place costs the place alone
        return None


def _taken_at(tags: Mapping[int, Any]) -> str | None:
    """EXIF writes `2024:05:31 18:02:11`, and since version 2.31 the offset in a tag of its own."""
    written = str(tags.get(_DATE_TIME_ORIGINAL, "")).strip("\0 ")
    offset = str(tags.get(_OFFSET_TIME_ORIGINAL, "")).strip("\0 ")
    local = _iso(written.replace(":", "-", 2).replace(" ", "T"))
    return _iso(f"{local}{offset}") or local if local else None


def _iso(text: str) -> str | None:
    try:
        return datetime.fromisoformat(text).isoformat(timespec="seconds")
    except ValueError:
        return None
