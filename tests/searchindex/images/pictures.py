"""Pictures as bytes, made for a test."""

import struct
import zlib
from collections.abc import Sequence
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Angle = Sequence[tuple[int, int]]

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF")
CORNERS = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]], [[255, 255, 255], [0, 0, 0], [255, 255, 0]]], dtype=np.uint8)


def noise(width: int = 60, height: int = 40, *, seed: int = 3) -> NDArray[np.uint8]:
    """Something that no codec compresses: uint8 [height, width, 3]."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def encoded(picture: NDArray[Any] | Image.Image, format: str = "PNG", **options: Any) -> bytes:
    written = BytesIO()
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    image.save(written, format, **options)
    return written.getvalue()


def exif(orientation: int = 1, *, taken: str | None = None, offset: str | None = None) -> Image.Exif:
    tags = Image.Exif()
    tags[0x0112] = orientation
    if taken is not None:
        tags.get_ifd(0x8769)[0x9003] = taken
    if offset is not None:
        tags.get_ifd(0x8769)[0x9011] = offset
    return tags


def gps(latitude: Angle | None, north: str | None, longitude: Angle | None, east: str | None, *, orientation: int = 1) -> bytes:
    """EXIF with a GPS IFD, byte for byte: Pillow writes no denominator of zero. An angle is its parts as (numerator, denominator)."""
    entries, values = [], b""
    at = 8 + 2 + 2 * 12 + 4  # the GPS IFD, behind the header and an IFD of two entries
    fields = [(1, north), (2, latitude), (3, east), (4, longitude)]
    behind = at + 2 + 12 * len([value for _, value in fields if value is not None]) + 4
    for tag, value in fields:
        if isinstance(value, str):
            entries.append(struct.pack("<HHI4s", tag, 2, 2, value.encode()[:3].ljust(4, b"\0")))
        elif value is not None:
            entries.append(struct.pack("<HHII", tag, 5, len(value), behind + len(values)))
            values += b"".join(struct.pack("<II", *part) for part in value)
    first = struct.pack("<HHHIHHHHIII", 2, 0x0112, 3, 1, orientation, 0, 0x8825, 4, 1, at, 0)
    return b"Exif\0\0II*\0" + struct.pack("<I", 8) + first + struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4) + values


def bomb(width: int, height: int) -> bytes:
    """A PNG of one bit a pixel, all black: a thousandth of its pixels in bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(((width + 7) // 8 + 1) * height), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
