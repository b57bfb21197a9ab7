"""Preprocessing against open_clip's own transform, as written down in tests/golden."""

import time
from pathlib import Path

import numpy as np
import pytest

from searchindex.catalogue import ImageCard, ResizeMode
from searchindex.images import decode, preprocess
from tests.golden import pictures
from tests.searchindex.images.pictures import encoded

GOLDEN = Path(__file__).parents[2] / "golden"
CASES = pictures.cases()


@pytest.fixture(scope="module")
def expected():
    return np.load(GOLDEN / "pixels.npz")


@pytest.mark.parametrize("name", CASES)
def test_pixels_are_those_of_open_clip(name, expected):
    """A picture indexed here lies where open_clip puts it: no pixel differs by a whole level."""
    picture, card = CASES[name]
    found = preprocess(decode(encoded(picture)), card)
    level = 1 / 255 / np.asarray(card.std).reshape(3, 1, 1)
    assert found.shape == (3, 32, 32)
    assert found.dtype == np.float32
    assert (np.abs(found - expected[name]) / level).max() < (0.3 if max(picture.shape[:2]) <= 8 * min(picture.shape[:2]) else 1.3)


@pytest.mark.parametrize("mode", ResizeMode)
def test_a_line_is_no_bomb(mode):
    """One pixel by sixty thousand is prepared without a picture of millions in between."""
    card = ImageCard(size=224, mean=(0, 0, 0), std=(1, 1, 1), interpolation="bicubic", resize_mode=mode)
    content = encoded(np.full((1, 60_000, 3), 200, np.uint8))
    started = time.perf_counter()
    found = preprocess(decode(content), card)
    assert time.perf_counter() - started < 0.5
    assert found.shape == (3, 224, 224)
    assert found.max() == pytest.approx(200 / 255)
