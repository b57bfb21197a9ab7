"""Decoding: what pictures become, and that nothing but InvalidImage comes out of bytes that are none."""

import time
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from searchindex.errors import InvalidImage
from searchindex.images import ImageLimits, decode
from searchindex.images.decode import REASONS
from tests.searchindex.images.pictures import CORNERS, FORMATS, bomb, encoded, exif, noise

# As in production, where Pillow's warnings of damaged metadata are switched off.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

VALID = {name: encoded(noise(), name) for name in FORMATS}


def reason(content: bytes, **options) -> str:
    with pytest.raises(InvalidImage) as caught:
        decode(content, **options)
    return caught.value.reason


@pytest.mark.parametrize("format", FORMATS)
def test_each_format_is_decoded_as_open_clip_would(format):
    """A plain picture reaches the model with the pixels that Pillow's conversion gives."""
    found = decode(VALID[format])
    assert (found.format, found.width, found.height, found.taken_at) == (format, 60, 40, None)
    assert np.array_equal(found.rgb, np.asarray(Image.open(BytesIO(VALID[format])).convert("RGB")))


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "YCbCr", "LAB"])
def test_modes_without_transparency_are_converted_plainly(mode):
    """Greys, palettes and print colours reach the model as open_clip would hand them over."""
    picture = Image.fromarray(noise()).convert(mode)
    content = encoded(picture, "TIFF")
    assert np.array_equal(decode(content).rgb, np.asarray(picture.convert("RGB")))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_transparency_shows_white(mode):
    """A drawing on a transparent ground is seen on white, as its author saw it, and not in the colours hidden under it."""
    picture = Image.new("RGBA", (4, 2), (0, 0, 0, 0))
    picture.paste((0, 0, 0, 255), (0, 0, 2, 2))
    converted = picture.quantize(4) if mode == "PA" else picture.convert(mode)
    found = decode(encoded(converted, "PNG")).rgb
    assert (found[:, :2] == 0).all()
    assert (found[:, 2:] == 255).all()


def test_a_transparent_colour_of_a_palette_shows_white():
    """PNG's other way to be transparent is not missed."""
    picture = Image.new("P", (2, 1), 0)
    picture.putpalette([10, 20, 30, 200, 0, 0])
    picture.putpixel((1, 0), 1)
    assert decode(encoded(picture, "PNG", transparency=0)).rgb.tolist() == [[[255, 255, 255], [200, 0, 0]]]


def test_half_transparent_is_half_white():
    """Soft edges stay soft."""
    assert decode(encoded(Image.new("RGBA", (1, 1), (0, 0, 0, 128)))).rgb.tolist() == [[[127, 127, 127]]]


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled(format):
    """Scans and X-rays keep their greys, where a plain conversion leaves a white sheet."""
    greys = np.arange(0, 65536, 256, dtype=np.uint16).reshape(16, 16)
    assert np.array_equal(decode(encoded(greys, format)).rgb[..., 0], np.arange(256).reshape(16, 16))


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_pictures_without_a_defined_white_are_refused(dtype):
    """Measurements are no photographs: nobody knows which of their values is white."""
    assert reason(encoded(np.ones((4, 4), dtype), "TIFF")) == "unsupported-format"


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["PNG", "TIFF", "WEBP"])
def test_pictures_are_turned_upright(orientation, format):
    """Whichever way a camera was held, the model sees what people see, and the payload has its sides."""
    options = {"lossless": True} if format == "WEBP" else {}
    content = encoded(CORNERS, format, exif=exif(orientation), **options)
    upright = ImageOps.exif_transpose(Image.open(BytesIO(encoded(CORNERS, "PNG", exif=exif(orientation)))))
    found = decode(content)
    assert np.array_equal(found.rgb, np.asarray(upright))
    assert (found.width, found.height) == upright.size


def test_a_wrong_orientation_is_passed_over():
    """A number that means nothing turns nothing."""
    assert np.array_equal(decode(encoded(CORNERS, exif=exif(77))).rgb, CORNERS)


@pytest.mark.parametrize(
    ("taken", "offset", "expected"),
    [
        ("2024:05:31 18:02:11", None, "2024-05-31T18:02:11"),
        ("2024:05:31 18:02:11", "+02:00", "2024-05-31T18:02:11+02:00"),
        ("2024:05:31 18:02:11", "   :  ", "2024-05-31T18:02:11"),
        ("0000:00:00 00:00:00", None, None),
        ("yesterday", None, None),
    ],
)
def test_the_time_of_a_picture_is_iso(taken, offset, expected):
    """A search can be limited to a year; cameras that were never set say nothing."""
    assert decode(encoded(CORNERS, "JPEG", exif=exif(taken=taken, offset=offset))).taken_at == expected


def test_damaged_metadata_cost_no_picture():
    """A picture is worth more than its tags."""
    whole = encoded(CORNERS, "JPEG", exif=exif(6, taken="2024:05:31 18:02:11"))
    start = whole.index(b"Exif\0\0") + 6
    for at in range(start, start + 40):
        assert decode(whole[:at] + b"\xff" + whole[at + 1 :]).rgb.size == CORNERS.size


def test_only_the_first_frame_counts():
    """A film is found by its first picture."""
    frames = [Image.new("RGB", (3, 3), colour) for colour in ("red", "blue")]
    for name in ("TIFF", "PNG"):
        assert decode(encoded(frames[0], name, save_all=True, append_images=frames[1:])).rgb[0, 0].tolist() == [255, 0, 0]


def test_two_pictures_in_one_jpeg_are_a_jpeg():
    """Phones that append a second view are not told apart from others."""
    content = encoded(Image.fromarray(noise()), "MPO", save_all=True, append_images=[Image.fromarray(noise(seed=4))])
    found = decode(content)
    assert (found.format, found.width) == ("JPEG", 60)


def test_an_empty_file_is_called_so():
    """The commonest broken file has a word of its own."""
    assert reason(b"") == "empty"


@pytest.mark.parametrize(
    "content",
    [
        encoded(Image.new("P", (4, 4)), "GIF"),
        b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) run\n",
        b"%PDF-1.7\n",
        b"PK\x03\x04" + bytes(100),
        b"<html></html>",
        b"P6 1 1 255 abc",
        bytes(1000),
        encoded(Image.new("RGB", (16, 16)), "ICO"),
    ],
)
def test_other_formats_are_refused(content):
    """Formats that run programs, fetch files or are seldom photographs never reach a decoder."""
    assert reason(content) == "unsupported-format"


def test_a_picture_with_something_behind_it_is_only_a_picture():
    """A file that is two things at once is read as what its first bytes say."""
    for name in ("PNG", "JPEG", "WEBP"):
        assert decode(VALID[name] + b"PK\x03\x04<script>alert(1)</script>").format == name
    assert reason(b"GIF89a" + VALID["PNG"]) == "unsupported-format"


@pytest.mark.parametrize("format", FORMATS)
def test_a_file_cut_short_is_called_truncated(format):
    """Half a download is told from a damaged one, because fetching it again helps."""
    whole = VALID[format]
    for kept in (0.5, 0.8, 0.95):
        assert reason(whole[: int(len(whole) * kept)]) == "truncated"


@pytest.mark.parametrize("format", FORMATS)
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_no_prefix_of_a_picture_raises_anything_else(format, data):
    """Wherever a file was cut, the ledger gets a word for it."""
    kept = data.draw(st.integers(0, len(VALID[format]) - 21))  # PNG's last 20 bytes hold no pixel
    assert reason(VALID[format][:kept]) in REASONS


@pytest.mark.parametrize("format", FORMATS)
@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_no_mutation_of_a_picture_raises_anything_else(format, data):
    """Whatever is done to a file, one picture fails and never the run."""
    content = bytearray(VALID[format])
    header = st.integers(0, min(200, len(content) - 1)) | st.integers(0, len(content) - 1)
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(header)] = data.draw(st.integers(0, 255))
    try:
        found = decode(bytes(content), limits=ImageLimits(pixels=1_000_000))
    except InvalidImage as error:
        assert error.reason in REASONS  # noqa: PT017 # either is right
    else:
        assert found.rgb.shape == (found.height, found.width, 3)


@given(
    st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x40\0\0\0WEBP", b"II*\0", b"MM\0*", b"BM"]), st.binary(max_size=300)
)
@settings(max_examples=300, deadline=None)
def test_no_noise_raises_anything_else(head, tail):
    """Bytes that only begin like a picture are one refused picture."""
    try:
        decode(head + tail, limits=ImageLimits(pixels=1_000_000))
    except InvalidImage as error:
        assert error.reason in REASONS  # noqa: PT017 # either is right


def test_a_bomb_is_refused_before_it_is_decoded():
    """Twenty kilobytes that unfold to 160 million pixels cost nothing."""
    content = bomb(16_000, 10_000)
    started = time.perf_counter()
    assert len(content) < 25_000
    assert reason(content) == "too-large"
    assert time.perf_counter() - started < 0.2


def test_limits_are_inclusive():
    """A picture of exactly the limit is used, one pixel or byte more is not."""
    content = encoded(noise(60, 40))
    exact = ImageLimits(content=len(content), pixels=2400, side=60)
    assert decode(content, limits=exact).width == 60
    for less in (ImageLimits(content=len(content) - 1), ImageLimits(pixels=2399), ImageLimits(side=59)):
        assert reason(content, limits=less) == "too-large"


def test_messages_do_not_quote_the_picture():
    """What a stranger wrote into a file never reaches a log."""
    for content in (b"<secret>" * 10, b"\x89PNG\r\n\x1a\n<secret>" * 10, VALID["JPEG"][:40] + b"<secret>" * 10):
        with pytest.raises(InvalidImage) as caught:
            decode(content)
        assert "secret" not in str(caught.value)
        assert caught.value.__cause__ is None


def test_a_large_jpeg_can_be_decoded_at_a_smaller_scale():
    """Indexing photographs is several times faster, and the payload still has the size of the original."""
    content = encoded(noise(1600, 1200), "JPEG", exif=exif(6))
    scaled = decode(content, at_least=224)
    assert (scaled.width, scaled.height) == (1200, 1600)
    assert scaled.rgb.shape == (800, 600, 3)
    assert min(scaled.rgb.shape[:2]) >= 1.5 * 224
    assert decode(content).rgb.shape == (1600, 1200, 3)
