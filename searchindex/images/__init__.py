"""Pictures: from bytes that nobody vouches for to what an encoder takes. The only place that opens image files."""

from searchindex.images.decode import DecodedImage, ImageLimits, decode
from searchindex.images.preprocess import preprocess
from searchindex.images.thumbnails import thumbnail

__all__ = ["DecodedImage", "ImageLimits", "decode", "preprocess", "thumbnail"]
