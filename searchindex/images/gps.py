"""Where a picture was taken, from the tags of its GPS IFD. Values come from a stranger's file and may be anything.

Source: EXIF 2.32 (CIPA DC-008), "GPS Attribute Information".
"""

import math
from collections.abc import Mapping
from numbers import Real
from typing import Any

from searchindex.points import Location

_LATITUDE_REF, _LATITUDE, _LONGITUDE_REF, _LONGITUDE = 1, 2, 3, 4
_PARTS = ("degrees", "minutes", "seconds")
_SIXTY = 60
_DIGITS = 7  # of a degree: a centimetre


def location_of(tags: Mapping[int, Any]) -> Location | None:
    """None where a part is missing, no number, or no place on earth: half a position is none."""
    lat = _degrees(tags.get(_LATITUDE), tags.get(_LATITUDE_REF), hemispheres="NS", most=90)
    lon = _degrees(tags.get(_LONGITUDE), tags.get(_LONGITUDE_REF), hemispheres="EW", most=180)
    return None if lat is None or lon is None else Location(lon=lon, lat=lat)


def _degrees(parts: object, hemisphere: object, *, hemispheres: str, most: int) -> float | None:
    """From degrees, minutes and seconds, none of them negative; the second of `hemispheres` is below zero."""
    letter = hemisphere.strip("\0 ").upper() if isinstance(hemisphere, str) else ""
    if len(letter) != 1 or letter not in hemispheres or not isinstance(parts, tuple) or len(parts) != len(_PARTS):
        return None
    degrees, minutes, seconds = (float(part) if isinstance(part, Real) else math.nan for part in parts)
    if not (degrees >= 0 and 0 <= minutes <= _SIXTY and 0 <= seconds <= _SIXTY):  # 60 by rounding; nothing holds of NaN, which n/0 is
        return None
    value = degrees + minutes / _SIXTY + seconds / _SIXTY**2
    if not value <= most:
        return None
    return round(math.copysign(value, -1 if letter == hemispheres[1] else 1), _DIGITS) + 0.0  # of -0.0 and 0.0 the latter
