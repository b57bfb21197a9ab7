"""Token ids: CLIP's against those of open_clip, the others against small vocabularies made here."""

import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from searchindex.catalogue import TextCard, Truncation
from searchindex.encoders.clip_vocabulary import END_OF_TEXT, START_OF_TEXT, clip_tokenizer, installed_merges
from searchindex.encoders.tokenizer import open_tokenizer, wrap_tokenizer
from searchindex.errors import ModelUnavailable
from tests.golden.strings import strings

GOLDEN = Path(__file__).parents[2] / "golden"
CLIP = TextCard(context_length=77, tokenizer="clip", truncation=Truncation.END_OF_TEXT)
BERT = TextCard(context_length=16, tokenizer="bert", truncation=Truncation.PADDING)
SENTENCEPIECE = TextCard(context_length=8, tokenizer="sentencepiece", truncation=Truncation.NONE)


@pytest.fixture(scope="module")
def clip():
    return wrap_tokenizer(CLIP, clip_tokenizer(installed_merges()))


def word_tokenizer() -> Tokenizer:
    """Five words between two marks."""
    words = {"<pad>": 0, "</s>": 1, "<unk>": 2, "red": 3, "car": 4, "Red": 5}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return tokenizer


def test_ten_thousand_texts_have_open_clips_ids(clip):
    """Every kind of text that people type reaches the tower as it did in training."""
    texts, full = strings(), np.zeros((1, 77), dtype="<i4")
    expected = np.load(GOLDEN / "tokens.npz")["sums"]
    wrong = []
    for text, checksum in zip(texts, expected, strict=True):
        ids, _ = clip.encode([text])
        full[:] = 0
        full[:, : ids.shape[1]] = ids
        if zlib.crc32(full.tobytes()) != checksum:
            wrong.append(text)
    assert len(texts) == 10_000
    assert wrong == []


def test_a_saved_tokenizer_is_the_same(clip, tmp_path):
    """What a prepared model holds does not differ from what was proven."""
    clip_tokenizer(installed_merges()).save(str(tmp_path / "tokenizer.json"))
    loaded, texts = open_tokenizer(CLIP, tmp_path / "tokenizer.json"), strings(500)
    for ours, theirs in zip(loaded.encode(texts), clip.encode(texts), strict=True):
        assert np.array_equal(ours, theirs)


def test_the_special_tokens_count_only_where_a_word_begins(clip):
    """A text that quotes the mark is read as open_clip reads it, with nothing of it lost."""
    ids, _ = clip.encode(["cat <end_of_text> dog", "cat!<end_of_text> dog"])
    assert list(ids[0][:5]) == [START_OF_TEXT, 2368, END_OF_TEXT, 1929, END_OF_TEXT]
    assert (ids[1] == END_OF_TEXT).sum() == 1


def test_a_batch_is_as_long_as_its_longest_text(clip):
    """Short queries cost what they are long, and each row is padded with zeros after its own end."""
    ids, mask = clip.encode(["", "a cat on a mat"])
    assert ids.shape == mask.shape == (2, 7)
    assert list(ids[0]) == [START_OF_TEXT, END_OF_TEXT, 0, 0, 0, 0, 0]
    assert list(mask[0]) == [1, 1, 0, 0, 0, 0, 0]
    assert ids.dtype == mask.dtype == np.int64


def test_a_text_that_is_too_long_ends_with_the_end(clip):
    """No text, however long, loses the token that its vector is read from."""
    ids, mask = clip.encode(["word " * 500])
    assert ids.shape == (1, 77)
    assert ids[0, -1] == END_OF_TEXT
    assert mask.all()


def test_no_truncation_means_the_full_context():
    """A tower that sees its padding gets all of it."""
    tokenizer = wrap_tokenizer(replace(CLIP, truncation=Truncation.NONE), clip_tokenizer(installed_merges()))
    assert tokenizer.encode(["a", "b c"])[0].shape == (2, 77)


@given(st.lists(st.text(), max_size=5))
@settings(max_examples=100, deadline=None)
def test_any_text_yields_whole_rows(clip, texts):
    """Whatever is typed, every row begins, ends, and fits."""
    ids, mask = clip.encode(texts)
    assert len(ids) == len(texts)
    assert ids.shape[1] <= 77
    assert (ids <= END_OF_TEXT).all()
    for row, kept in zip(ids, mask, strict=True):
        length = int(kept.sum())
        assert row[0] == START_OF_TEXT
        assert row[length - 1] == END_OF_TEXT
        assert not row[length:].any()


def test_bert_pads_to_the_longest_and_masks_it(tmp_path):
    """A tower that masks its padding gets no more of it than the batch needs, and texts end as the file says."""
    word_tokenizer().save(str(tmp_path / "tokenizer.json"))
    ids, mask = open_tokenizer(BERT, tmp_path / "tokenizer.json").encode(["red", "red car red", "\ud800"])
    assert ids.tolist() == [[3, 1, 0, 0], [3, 4, 3, 1], [2, 1, 0, 0]]
    assert mask.tolist() == [[1, 1, 0, 0], [1, 1, 1, 1], [1, 1, 0, 0]]


def test_the_files_own_limits_are_replaced_by_the_cards(tmp_path):
    """Published tokenizers bring lengths of their own; the card decides."""
    tokenizer = word_tokenizer()
    tokenizer.enable_padding(length=50)
    tokenizer.enable_truncation(3)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    assert open_tokenizer(BERT, tmp_path / "tokenizer.json").encode(["red " * 6])[0].shape == (1, 7)
    assert open_tokenizer(BERT, tmp_path / "tokenizer.json").encode(["red " * 60])[0][0, -1] == 1


def test_sentencepiece_texts_are_canonical_and_full():
    """SigLIP was trained on lower case without punctuation, at its full context."""
    ids, mask = wrap_tokenizer(SENTENCEPIECE, word_tokenizer()).encode(["Red, CAR!", "red_car &amp; red " * 9])
    assert ids.tolist() == [[3, 4, 1, 0, 0, 0, 0, 0], [3, 4, 3, 3, 4, 3, 3, 1]]
    assert mask[0].tolist() == [1, 1, 1, 0, 0, 0, 0, 0]


def test_an_unknown_kind_is_a_missing_model():
    """A card from a newer version is refused by name."""
    with pytest.raises(ModelUnavailable, match="morse"):
        wrap_tokenizer(replace(BERT, tokenizer="morse"), word_tokenizer())


def test_a_vocabulary_that_cannot_be_read_is_a_missing_model(tmp_path):
    """A damaged list of merges ends with a hint."""
    (tmp_path / "merges.gz").write_bytes(b"\x1f\x8b nothing")
    with pytest.raises(ModelUnavailable, match=r"merges\.gz"):
        clip_tokenizer(tmp_path / "merges.gz")
