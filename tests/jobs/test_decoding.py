"""Large JPEGs are decoded at a fraction of their size."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from cli.workspace import sample_model
from jobs.decoding import decode_here
from searchindex.encoders.onnx import open_image_encoder
from searchindex.images import decode, preprocess
from tests.jobs.processes import SAMPLES


def photograph(name: str, side: int, ratio: float) -> bytes:
    """A sample picture as a camera would deliver it: large, oblong, noisy, JPEG."""
    with Image.open(SAMPLES / "pictures" / name) as opened:
        large = opened.convert("RGB").resize((side, int(side * ratio)), Image.Resampling.BICUBIC)
    noise = np.random.default_rng(side).normal(0, 6, (*large.size[::-1], 3))
    noisy = Image.fromarray(np.clip(np.asarray(large) + noise, 0, 255).astype(np.uint8))
    written = BytesIO()
    noisy.save(written, "JPEG", quality=85)
    return written.getvalue()


@pytest.fixture(scope="module")
def names() -> list[str]:
    paths = sorted((SAMPLES / "pictures").rglob("*.png"))
    return [path.relative_to(SAMPLES / "pictures").as_posix() for path in paths[:: len(paths) // 12]]


@pytest.mark.parametrize(("side", "ratio"), [(1600, 0.75), (1024, 1.5), (520, 1.0), (300, 1.2)])
def test_the_embedding_is_that_of_the_whole_picture(names: list[str], side: int, ratio: float):
    """Cosine of at least 0.995 to the vector of the exact path, for every sample."""
    model = sample_model()
    contents = [photograph(name, side, ratio) for name in names]
    fast = np.stack([decode_here(content, model.card.image).pixels for content in contents])
    exact = np.stack([preprocess(decode(content), model.card.image) for content in contents])
    encoder = open_image_encoder(model)
    cosines = (encoder.encode_images(fast) * encoder.encode_images(exact)).sum(axis=1)
    assert cosines.min() >= 0.995


def test_the_size_is_that_of_the_original(names: list[str]):
    """What is stored and filtered is the file's own width and height."""
    picture = decode_here(photograph(names[0], 1600, 0.75), sample_model().card.image)
    assert (picture.width, picture.height, picture.format) == (1600, 1200, "JPEG")


def test_a_drawing_is_decoded_exactly(names: list[str]):
    """Other formats have no fractions."""
    card = sample_model().card.image
    content = (SAMPLES / "pictures" / names[0]).read_bytes()
    assert np.array_equal(decode_here(content, card).pixels, preprocess(decode(content), card))
