"""The golden files are what the installed open_clip says, and so is what they prove."""

import zlib

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is not installed: pip install 'searchindex[gpu]', then make test-torch")

from open_clip.tokenizer import SimpleTokenizer

from searchindex.encoders.clip_vocabulary import clip_tokenizer, installed_merges
from searchindex.encoders.tokenizer import wrap_tokenizer
from searchindex.images import decode, preprocess
from tests.golden import pictures, tiny
from tests.golden.make import HERE, reference_pixels, tiny_model
from tests.golden.strings import strings
from tests.searchindex.images.pictures import encoded
from tests.torch.references import image_vectors, text_vectors


def test_ten_thousand_other_texts_have_open_clips_ids():
    """Equality is no property of the texts that were written down."""
    tokenizer, reference = wrap_tokenizer(tiny.CARD.text, clip_tokenizer(installed_merges())), SimpleTokenizer()
    for text in strings(seed=21):
        ids, _ = tokenizer.encode([text])
        row = reference([text]).numpy()[0]
        assert np.array_equal(row[: ids.shape[1]], ids[0]), text
        assert not row[ids.shape[1] :].any(), text


def test_the_checksums_are_open_clips():
    """The file of checksums has not aged."""
    rows = SimpleTokenizer()(strings()).numpy().astype("<i4")
    assert [zlib.crc32(row.tobytes()) for row in rows] == np.load(HERE / "tokens.npz")["sums"].tolist()


@pytest.mark.parametrize("name", pictures.cases())
def test_pixels_are_those_of_open_clips_transform(name):
    """Within a level of 255 everywhere; equal but for lines, which are cropped before they are enlarged."""
    picture, card = pictures.cases()[name]
    ours, theirs = preprocess(decode(encoded(picture)), card), reference_pixels(picture, card)
    levels = np.abs(ours - theirs) * 255 * np.asarray(card.std).reshape(3, 1, 1)
    assert levels.max() < (1.1 if max(picture.shape[:2]) > 8 * min(picture.shape[:2]) else 0.001)


def test_the_vectors_are_open_clips():
    """The file of vectors has not aged."""
    model, expected = tiny_model(), np.load(HERE / "vectors.npz")
    assert np.abs(text_vectors(model, list(tiny.TEXTS)) - expected["texts"]).max() < 1e-5
    assert np.abs(image_vectors(model, tiny.pixels(5)) - expected["images"]).max() < 1e-5
