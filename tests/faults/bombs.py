"""Pictures that unfold to far more than they are: about forty files of a few hundred KB at most, made on the spot."""

import struct
import zlib
from io import BytesIO

import numpy as np
from PIL import Image

from tests.searchindex.images.pictures import bomb, encoded, noise

MEGABYTE = 1 << 20
ZEROS = zlib.compress(bytes(100 * MEGABYTE), 9)  # 100 KB
PNG = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def header(width: int, height: int, *, depth: int = 8, colour: int = 2) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))


def png(*chunks: bytes, width: int = 8, height: int = 8, rows: bytes | None = None) -> bytes:
    """A whole PNG in RGB with chunks before its pixels."""
    data = zlib.compress(bytes((width * 3 + 1) * height)) if rows is None else rows
    return PNG + header(width, height) + b"".join(chunks) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def frames(kind: str, count: int, **options) -> bytes:
    first, *rest = [Image.new("L", (512, 512), number % 256) for number in range(count)]
    written = BytesIO()
    first.save(written, kind, save_all=True, append_images=rest, **options)
    return written.getvalue()


def tiff(*directories: tuple[list[tuple[int, int, int, int]], int], tail: bytes = b"") -> bytes:
    """Directories of (tag, type, count, value), each with the offset of the next; the first stands at 8."""
    body = b""
    for entries, following in directories:
        body += struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries) + struct.pack("<I", following)
    return b"II*\0" + struct.pack("<I", 8) + body + tail


def tags(width: int, height: int, *, strips: int = 1, offset: int = 200) -> list[tuple[int, int, int, int]]:
    return [
        (256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, strips, offset),
        (277, 3, 1, 1), (278, 4, 1, height), (279, 4, strips, width * height % 2**32),
    ]  # fmt: skip


def jpeg(width: int, height: int) -> bytes:
    """A small JPEG that says it is larger."""
    whole = bytearray(encoded(noise(16, 16), "JPEG"))
    at = whole.index(b"\xff\xc0") + 5
    whole[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(whole)


def webp(width: int, height: int) -> bytes:
    """A small one that says it is larger."""
    whole = bytearray(encoded(noise(16, 16), "WEBP"))
    at = whole.index(b"\x9d\x01\x2a") + 3
    whole[at : at + 4] = struct.pack("<HH", width, height)
    return bytes(whole)


def bmp(width: int, height: int, *, bits: int = 24) -> bytes:
    return b"BM" + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, width, height, 1, bits, 0, 0, 0, 0, 0, 0) + bytes(64)


def bombs() -> dict[str, bytes]:
    """By name."""
    small = encoded(noise(), "JPEG")
    dark = Image.new("RGB", (5000, 5000))
    return {
        "160 megapixels in 20 KB": bomb(16_000, 10_000),
        "a PNG of 2^31": bomb(1, 1)[:16] + struct.pack(">II", 2**31 - 1, 2**31 - 1) + bomb(1, 1)[24:],
        "a PNG of 2^32": png()[:16] + struct.pack(">II", 2**32 - 1, 2**32 - 1) + png()[24:],
        "a PNG of one line": bomb(2_000_000, 1),
        "a PNG of the very limit": bomb(10_000, 10_000),
        "a PNG above a limit of height": bomb(1, 65_536),
        "100 MB of rows for 8 lines": png(rows=ZEROS),
        "100 MB of profile": png(chunk(b"iCCP", b"p\0\0" + ZEROS)),
        "100 MB of text": png(chunk(b"zTXt", b"t\0\0" + ZEROS)),
        "100 MB of international text": png(chunk(b"iTXt", b"t\0\1\0\0\0" + ZEROS)),
        "ten texts of 100 MB": png(*[chunk(b"zTXt", b"t%d\0\0" % n + ZEROS) for n in range(10)]),
        "100,000 texts": png(*[chunk(b"tEXt", b"t%d\0x" % n) for n in range(100_000)]),
        "100 MB of EXIF": png(chunk(b"eXIf", b"MM\0*\0\0\0\x08" + bytes(MEGABYTE))),
        "a chunk of 2^31": PNG + header(8, 8) + struct.pack(">I", 2**31 - 1) + b"IDAT" + bytes(99),
        "an APNG of 60 frames": frames("PNG", 60),
        "an APNG that says 2^32 frames": png(chunk(b"acTL", struct.pack(">II", 2**32 - 1, 0))),
        "transparent to the brim": encoded(Image.new("RGBA", (7000, 7000)), "PNG", compress_level=1),
        "a WebP of 16,383 squared": webp(16_383, 16_383),
        "a WebP of 5,000 squared": encoded(dark, "WEBP", method=0, quality=0),
        "a lossless WebP": encoded(dark, "WEBP", lossless=True, method=0, quality=0),
        "a WebP of 40 frames": frames("WEBP", 40),
        "a WebP without its data": encoded(Image.new("RGB", (99, 99)), "WEBP")[:30] + bytes(999),
        "a GIF of 60 frames": frames("GIF", 60),
        "a GIF of 65,535 squared": b"GIF89a" + struct.pack("<HH", 65_535, 65_535) + bytes(99),
        "a TIFF that points to itself": tiff((tags(8, 8), 8), tail=bytes(500)),
        "a TIFF of 4,000 directories": tiff(*[(tags(8, 8), 8 + 114 * (n + 1)) for n in range(4000)], tail=bytes(500)),
        "a TIFF of 2^32": tiff((tags(2**32 - 1, 2**32 - 1), 0), tail=bytes(500)),
        "a TIFF of 100 megapixels and no data": tiff((tags(10_000, 10_000), 0), tail=bytes(500)),
        "a TIFF of 2^30 strips": tiff((tags(8, 8, strips=2**30), 0), tail=bytes(500)),
        "a TIFF whose data lies beyond": tiff((tags(8, 8, offset=2**32 - 1), 0), tail=bytes(500)),
        "a TIFF tag of 4 GB": tiff(([*tags(8, 8), (270, 2, 2**32 - 1, 8)], 0), tail=bytes(500)),
        "a packed TIFF": encoded(dark, "TIFF", compression="tiff_adobe_deflate"),
        "a TIFF of 60 frames": frames("TIFF", 60, compression="tiff_adobe_deflate"),
        "a TIFF fax": encoded(Image.new("1", (10_000, 10_000)), "TIFF", compression="group4"),
        "a JPEG of 65,535 squared": jpeg(65_535, 65_535),
        "a JPEG of 10,000 squared and no data": jpeg(10_000, 10_000),
        "a JPEG of no height": jpeg(64, 0),
        "a progressive JPEG of many scans": encoded(Image.new("L", (2_000, 2_000)), "JPEG", progressive=True) * 20,
        "a JPEG of 100 comments": small[:2] + (b"\xff\xfe\xff\xff" + bytes(65_533)) * 100 + small[2:],
        "a BMP of 2^31": bmp(2**31 - 1, 2**31 - 1),
        "a BMP upside down": bmp(30_000, -30_000),
        "a BMP of 100 megapixels and no data": bmp(10_000, 10_000),
        "a deep PNG": encoded(np.zeros((6_000, 6_000), np.uint16), "PNG", compress_level=1),
    }
