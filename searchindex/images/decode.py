"""Decode one picture from bytes that nobody vouches for: every failure is InvalidImage, and costs little before it is known.

`reason` of InvalidImage is one of `REASONS`.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

# WebP and TIFF are imported for their registration: Pillow looks for them only after it has loaded every plugin it has.
from PIL import Image, TiffImagePlugin, WebPImagePlugin  # noqa: F401

from searchindex.errors import InvalidImage
from searchindex.images.exif import read_exif
from searchindex.points import Location

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "empty": "no bytes at all",
        "too-large": "more bytes, pixels or a longer side than the limits allow",
        "unsupported-format": "not JPEG, PNG, WebP, BMP or TIFF, or a pixel format of theirs that has no defined white",
        "truncated": "the file ends before the picture does",
        "broken": "damaged, or not what its first bytes say",
        "decoder-crashed": "the process that decoded it died of it",
        "took-too-long": "the process that decoded it was ended at its deadline",
    }
)

# Pillow's own guard warns at 89 and refuses at 179 million pixels, for the whole process: ours is stricter and an argument.
Image.MAX_IMAGE_PIXELS = None

ROOM = 3  # halves: a fraction keeps so much more than what is asked for, and embeddings then differ by less than 0.005 in their cosine

# It also warns of damaged metadata, once for each kind and whole process: of no use to anybody who indexes a million pictures.
warnings.filterwarnings("ignore", module=r"PIL\.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageLimits:
    """What is refused before decoding: `content` in bytes, `pixels` as width x height, `side` in pixels."""

    content: int = 50_000_000
    pixels: int = 100_000_000
    side: int = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedImage:
    """An upright RGB picture.

    `width` and `height` in pixels are those of the upright original, even where it was decoded at a smaller scale. `format`:
    JPEG, PNG, WEBP, BMP or TIFF. `taken_at`: ISO 8601, with an offset only where the camera wrote one. `location`: where it was
    taken, which is personal: nobody keeps it unasked. `picture` is for this package only.
    """

    width: int
    height: int
    format: str
    taken_at: str | None
    location: Location | None
    picture: Image.Image = field(repr=False)

    @property
    def rgb(self) -> NDArray[np.uint8]:
        """A copy of the pixels, uint8 [height, width, 3]."""
        return np.array(self.picture, dtype=np.uint8)


DEFAULT_LIMITS = ImageLimits()


def decode(content: bytes, *, limits: ImageLimits = DEFAULT_LIMITS, at_least: int | None = None) -> DecodedImage:
    """The first frame of a JPEG, PNG, WebP, BMP or TIFF, upright, in RGB, transparency over white. Else InvalidImage.

    `at_least`: a side in pixels that the picture will be reduced to. A large JPEG is then decoded at 1/2, 1/4 or 1/8 with no
    side below 1.5 times that, which is several times faster and changes pixels slightly; None decodes exactly.
    """
    if not content:
        raise InvalidImage("The picture is empty.", reason="empty")
    if len(content) > limits.content:
        raise InvalidImage(f"The picture has {len(content):,} bytes; the limit is {limits.content:,}.", reason="too-large")
    name = _format_of(content)
    try:
        with Image.open(BytesIO(content), formats=[name]) as opened:
            _check_size(opened.size, limits)
            return _decoded(opened, name, at_least)
    except InvalidImage:
        raise
    except Exception as error:  # noqa: BLE001 # Pillow's plugins raise anything on hostile bytes
        raise _failure(error, cut=_is_cut(content)) from None


def _format_of(content: bytes) -> str:
    """Told from the first bytes, never from a name: only the one plugin that they call for is ever run."""
    if content.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "WEBP"
    if content.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return "TIFF"
    if content.startswith(b"BM"):
        return "BMP"
    raise InvalidImage("The picture is not JPEG, PNG, WebP, BMP or TIFF.", reason="unsupported-format")


def _check_size(size: tuple[int, int], limits: ImageLimits) -> None:
    """From the header, before any pixel is decoded."""
    width, height = size
    if width * height > limits.pixels or max(size) > limits.side:
        raise InvalidImage(
            f"The picture is {width} x {height}; the limits are {limits.pixels:,} pixels and a side of {limits.side:,}.",
            reason="too-large",
        )


def _decoded(opened: Image.Image, name: str, at_least: int | None) -> DecodedImage:
    size = opened.size
    if at_least is not None and name == "JPEG":
        opened.draft(opened.mode, (ROOM * at_least // 2, ROOM * at_least // 2))
    opened.load()
    exif = read_exif(opened)  # after load: a TIFF is turned while it loads, and then says so no more
    picture = _rgb(opened)
    if exif.turn is not None:
        picture = picture.transpose(exif.turn)
    width, height = size[::-1] if exif.swaps_sides else size
    return DecodedImage(width=width, height=height, format=name, taken_at=exif.taken_at, location=exif.location, picture=picture)


def _rgb(opened: Image.Image) -> Image.Image:
    """In RGB; without transparency exactly what `convert("RGB")` gives, which open_clip uses, but for 16-bit greys.

    A plain conversion drops the alpha channel and shows the colours that were hidden under it, most often black: a
    transparent drawing would be searched as what nobody ever saw. White is what pages and viewers put behind it.
    """
    if opened.mode.startswith("I;16"):  # the plain conversion clips at 255 and leaves a white sheet
        return Image.fromarray((np.asarray(opened) >> 8).astype(np.uint8)).convert("RGB")
    if opened.mode in ("I", "F"):
        raise InvalidImage("Pictures of 32 bits a channel have no defined white.", reason="unsupported-format")
    if opened.has_transparency_data:
        white = Image.new("RGBA", opened.size, "white")
        return Image.alpha_composite(white, opened.convert("RGBA")).convert("RGB")
    return opened if opened.mode == "RGB" else opened.convert("RGB")


def _is_cut(content: bytes) -> bool:
    """Whether a WebP has fewer bytes than its header says; the other decoders tell by themselves."""
    return content.startswith(b"RIFF") and int.from_bytes(content[4:8], "little") + 8 > len(content)


def _failure(error: Exception, *, cut: bool) -> InvalidImage:
    """Pillow's messages may quote the file, so they choose the word and are not passed on."""
    said = str(error).lower()
    if isinstance(error, MemoryError):
        return InvalidImage("The picture needs more memory than there is.", reason="too-large")
    if cut or isinstance(error, EOFError) or "truncated" in said or "unexpected end" in said:
        return InvalidImage("The picture is truncated: the file ends before the picture does.", reason="truncated")
    return InvalidImage("The picture is damaged and cannot be decoded.", reason="broken")
