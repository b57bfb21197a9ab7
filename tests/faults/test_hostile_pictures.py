"""F-07, F-08 and F-09: pictures that unfold, that were spoiled, or that are something else. One upload fails, and nothing but it."""

import json
import random
import zlib
from collections.abc import Iterator
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageOps

from searchindex.catalogue import ImageCard, ResizeMode
from searchindex.errors import InvalidImage
from searchindex.images import decode, preprocess
from searchindex.images.decode import REASONS
from searchindex.images.decoder_pool import DecoderPool
from tests.faults.bombs import MEGABYTE, PNG, bombs
from tests.faults.record import record, scaled
from tests.faults.wire import Reply, Served
from tests.pictures import colour_of, picture
from tests.searchindex.images.pictures import CORNERS, encoded, exif, noise

CARD = ImageCard(size=32, mean=(0.5, 0.4, 0.3), std=(0.2, 0.3, 0.4), interpolation="bicubic", resize_mode=ResizeMode.SHORTEST)
KINDS = ("JPEG", "PNG", "WEBP")

# As in production, where Pillow's warnings of damaged metadata are switched off.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def upload(served: Served, content: bytes, *, name: str = "x.png", kind: str = "image/png") -> Reply:
    part = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: {kind}\r\n\r\n'.encode()
    body = part + content + b"\r\n--b--\r\n"
    return served.ask("POST", "/search/image", body, Content_Type="multipart/form-data; boundary=b")


def is_one_picture(reply: Reply) -> bool:
    """An answer, or 422 in the one shape."""
    return reply.status == 200 or (reply.status == 422 and reply.problem is not None)


def test_bombs_do_not_unfold_in_the_service(served: Served):
    """Each is an answer or a 422; the memory of the process that serves everybody hardly grows, and it goes on serving."""
    upload(served, picture((1, 2, 3)))
    cases, grown, bad = bombs(), 0, []
    for name, content in cases.items():
        assert len(content) < 12 * MEGABYTE, name
        before = served.forget_peak()
        reply = upload(served, content)
        grown = max(grown, served.peak() - before - 3 * len(content))  # which it holds as a body, a part and a frame
        if not is_one_picture(reply):
            bad.append(f"{name}: {reply.status}")
    assert grown < 50 * MEGABYTE
    assert upload(served, picture(colour_of(7))).status == 200
    record("F-07", len(cases), bad, measured=f"memory of the service +{grown / MEGABYTE:.1f} MB")


@pytest.fixture(scope="module")
def pool() -> Iterator[DecoderPool]:
    pool = DecoderPool(CARD)
    yield pool
    pool.close()


def spoiled(content: bytes, other: bytes, chance: random.Random) -> bytes:
    """Bits flipped, cut short, a piece of another picture put in, a piece twice or left out; mostly near the beginning."""
    made = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        at = min(int(chance.expovariate(1 / 80)), len(made) - 1) if chance.random() < 0.7 else chance.randrange(len(made))
        match chance.randrange(6):
            case 0 | 1:
                made[at] ^= 1 << chance.randrange(8)
            case 2:
                made[at : at + 4] = chance.choice([b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff"])
            case 3:
                made = made[: max(13, at)]
            case 4:
                start = chance.randrange(len(other))
                made[at : at + chance.randrange(64)] = other[start : start + chance.randrange(64)]
            case 5:
                made[at:at] = made[at : at + chance.randrange(200)]
    return mended(bytes(made)) if chance.random() < 0.7 else bytes(made)


def mended(content: bytes) -> bytes:
    """A PNG's checksums put right, or its decoder would never see what was spoiled; others as they are."""
    if not content.startswith(PNG):
        return content
    made, at = bytearray(content), len(PNG)
    while at + 12 <= len(made):
        size = int.from_bytes(made[at : at + 4], "big")
        made[at + 8 + size : at + 12 + size] = zlib.crc32(made[at + 4 : at + 8 + size]).to_bytes(4, "big")
        at += 12 + size
    return bytes(made)


@pytest.mark.parametrize("kind", KINDS)
def test_every_spoiled_picture_has_a_word(pool: DecoderPool, kind: str):
    """Pixels or a reason from the list, whatever was done to the file; the seed is fixed, so that a failure comes again."""
    chance = random.Random(kind)
    gray = Image.fromarray(noise()).convert("L")
    options = {"JPEG": {"progressive": True}, "PNG": {"optimize": True}, "WEBP": {"lossless": True}}[kind]
    whole = [encoded(noise(), kind), encoded(noise(24, 24), kind, exif=exif(6)), encoded(gray, kind, **options)]
    count, bad, found = scaled(2000 // 3 + 1), [], 0
    for _ in range(count):
        content = spoiled(chance.choice(whole), chance.choice(whole), chance)
        try:
            found += pool.submit(content).result(60).shape == (3, 32, 32)
        except InvalidImage as error:
            if error.reason not in REASONS:
                bad.append(error.reason)
    assert 0 < found < count
    assert pool.died <= count / 50  # one may die, but whoever sends pictures must not make us start processes all the time
    record("F-08", count, bad, measured=f"{kind}: {found} still pictures, {pool.died} decoders lost so far")


def gif() -> bytes:
    return encoded(Image.new("P", (4, 4)), "GIF")


REFUSED = {
    "nothing": b"", "one byte": b"\xff", "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) run\n", "ps": b"%!PS\n(x) run",
    "dos eps": b"\xc5\xd0\xd3\xc6" + bytes(30), "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
    "xml": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><svg>&a;</svg>', "pdf": b"%PDF-1.7\n1 0 obj",
    "html": b"<html><script>alert(1)</script></html>", "gif": gif(), "zip": b"PK\x03\x04" + bytes(99), "elf": b"\x7fELF" + bytes(99),
    "pickle": b"\x80\x04\x95" + bytes(30), "mp4": b"\0\0\0\x18ftypmp42" + bytes(60), "avif": b"\0\0\0\x18ftypavif" + bytes(60),
    "heic": b"\0\0\0\x18ftypheic" + bytes(60), "ico": encoded(Image.new("RGB", (16, 16)), "ICO"), "ppm": b"P6 1 1 255 abc",
    "jp2": b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(60), "psd": b"8BPS\0\1" + bytes(60), "wmf": b"\xd7\xcd\xc6\x9a" + bytes(60),
    "mvg": b"push graphic-context\nimage over 0,0 0,0 'url(http://x/)'", "riff": b"RIFF\x10\0\0\0WAVE" + bytes(40),
    "gif before png": gif() + encoded(noise()), "html before png": b"<html>" + encoded(noise()), "text": b"hello", "zeros": bytes(1000),
    "float tiff": encoded(np.ones((4, 4), np.float32), "TIFF"), "int tiff": encoded(np.ones((4, 4), np.int32), "TIFF"),
}  # fmt: skip


def test_what_is_no_picture_is_refused(served: Served):
    """By its first bytes, whatever its name and type say, so that no other decoder is ever run."""
    replies = {name: upload(served, content, name="photo.jpg", kind="image/jpeg") for name, content in REFUSED.items()}
    record("F-09", len(replies), [f"{name}: {reply.status}" for name, reply in replies.items() if reply.status != 422 or not reply.problem])


def test_a_wrong_name_or_type_makes_no_difference(served: Served):
    """A picture is what its bytes are: the same first result under any name, also with something appended."""
    content, bad, cases = picture(colour_of(7)), [], 0
    for name in ("x.svg", "x.jpg", "x.php", "../../x.png", "x.png\\", "", "x" * 300, "\u202egnp.exe"):
        for kind in ("image/svg+xml", "text/html"):
            cases += 1
            reply = upload(served, content + b"<script>PK\x03\x04", name=name, kind=kind)
            if reply.status != 200 or json.loads(reply.body)["results"][0]["metadata"]["file_name"] != "0007.png":
                bad.append(f"{name[:20]!r} {kind}: {reply.status}")
    record("F-09", cases, bad)


def upright(content: bytes) -> Image.Image:
    """As open_clip's users do it: turn, then convert."""
    return ImageOps.exif_transpose(Image.open(BytesIO(content))).convert("RGB")


def odd() -> dict[str, bytes]:
    whole = Image.fromarray(noise())
    turned = {f"turned {n}": encoded(CORNERS.repeat(9, 0).repeat(9, 1), "JPEG", exif=exif(n)) for n in range(1, 9)}
    return turned | {
        "cmyk": encoded(whole.convert("CMYK"), "JPEG"), "grey": encoded(whole.convert("L"), "JPEG"),
        "one bit": encoded(whole.convert("1"), "PNG"), "palette": encoded(whole.quantize(16), "PNG"),
        "lab": encoded(whole.convert("LAB"), "TIFF"),
        "deflated": encoded(noise(), "TIFF", compression="tiff_adobe_deflate"), "bmp": encoded(noise(), "BMP"),
    }  # fmt: skip


@pytest.mark.parametrize("name", odd())
def test_odd_but_legal_pictures_are_as_open_clip_sees_them(pool: DecoderPool, name: str):
    """Print colours, palettes, turned cameras: what reaches the model is what a careful program would have made of it."""
    content = odd()[name]
    plain = preprocess(decode(encoded(upright(content), "PNG")), CARD).ravel()
    found = pool.submit(content).result(60).ravel()
    cosine = float(found @ plain / np.linalg.norm(found) / np.linalg.norm(plain))
    record("F-09", 1, int(cosine < 1 - 1e-4))
