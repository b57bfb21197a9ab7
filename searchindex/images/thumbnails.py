"""Small pictures for result lists."""

from io import BytesIO

from PIL import Image

from searchindex.images.decode import DEFAULT_LIMITS, ImageLimits, decode

_QUALITY = 80  # of 100: about 10 KB at 320 pixels


def thumbnail(content: bytes, *, size: int, limits: ImageLimits = DEFAULT_LIMITS) -> bytes:
    """A WebP that fits in `size` x `size` pixels: upright, without metadata, never enlarged. InvalidImage as `decode`."""
    picture = decode(content, limits=limits, at_least=size).picture
    picture.thumbnail((size, size), Image.Resampling.LANCZOS)
    bare = Image.new("RGB", picture.size)  # a place where a camera stood must not leave with its picture
    bare.paste(picture)
    written = BytesIO()
    bare.save(written, "WEBP", quality=_QUALITY, method=4)
    return written.getvalue()
