"""Small pictures: their size, which way is up, and what does not leave with them."""

from io import BytesIO

import pytest
from PIL import Image

from searchindex.errors import InvalidImage
from searchindex.images import ImageLimits, decode, thumbnail
from tests.searchindex.images.pictures import CORNERS, FORMATS, bomb, encoded, exif, noise


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    ("width", "height", "expected"), [(400, 200, (100, 50)), (90, 300, (30, 100)), (40, 20, (40, 20)), (1, 900, (1, 100))]
)
def test_it_fits_and_is_never_enlarged(format, width, height, expected):
    """A page of results has pictures of one size, and small ones stay sharp."""
    small = decode(thumbnail(encoded(noise(width, height), format), size=100))
    assert (small.format, small.width, small.height) == ("WEBP", *expected)


def test_it_is_upright_and_without_metadata():
    """Where and when a picture was taken does not leave with its thumbnail."""
    content = encoded(noise(200, 100), "JPEG", exif=exif(6, taken="2024:05:31 18:02:11"), icc_profile=b"profile" * 20, comment=b"secret")
    small = thumbnail(content, size=64)
    opened = Image.open(BytesIO(small))
    assert opened.size == (32, 64)
    assert not opened.getexif()
    assert not {"exif", "icc_profile", "xmp", "comment"} & opened.info.keys()


def test_it_looks_like_the_picture():
    """Colours survive, transparency is white."""
    picture = Image.new("RGBA", (300, 300), (250, 10, 10, 255))
    picture.paste((0, 0, 0, 0), (0, 0, 150, 300))
    left, right = (decode(thumbnail(encoded(picture), size=60)).rgb[30, x] for x in (10, 50))
    assert left.min() > 245
    assert right[0] > 235
    assert right[1:].max() < 25


def test_limits_hold_here_too():
    """A page of results cannot be made to unfold a bomb."""
    with pytest.raises(InvalidImage):
        thumbnail(bomb(16_000, 10_000), size=100)
    with pytest.raises(InvalidImage):
        thumbnail(encoded(CORNERS), size=100, limits=ImageLimits(side=2))
