"""From texts to token ids, as short as the model's card allows and otherwise equal to what open_clip feeds its towers."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from searchindex.catalogue import TextCard, Truncation
from searchindex.encoders.cleaning import canonicalize, lower, printable
from searchindex.encoders.clip_vocabulary import END_OF_TEXT, START_OF_TEXT
from searchindex.errors import ModelUnavailable

TokenIds = NDArray[np.int64]  # [n, L]
Rows = list[list[int]]


class TextTokenizer(Protocol):
    """Texts in, ids and mask out."""

    def encode(self, texts: Sequence[str]) -> tuple[TokenIds, TokenIds]:
        """`input_ids` and `attention_mask`, both int64 [len(texts), L]; L is the least that the card's Truncation allows."""
        ...


def open_tokenizer(card: TextCard, tokenizer_json: Path) -> TextTokenizer:
    """The tokenizer that the card names, over a file of the `tokenizers` library. ModelUnavailable where it cannot be read."""
    try:
        tokenizer = Tokenizer.from_file(str(tokenizer_json))
    except Exception as error:  # the library raises plain Exception
        raise ModelUnavailable(f"The tokenizer {tokenizer_json.name} cannot be read.", hint="Prepare the model again.") from error
    return wrap_tokenizer(card, tokenizer)


def wrap_tokenizer(card: TextCard, tokenizer: Tokenizer) -> TextTokenizer:
    """The same over a tokenizer in memory, whose own padding and truncation are replaced. ModelUnavailable on an unknown kind."""
    tokenizer.no_padding()
    tokenizer.no_truncation()
    if card.tokenizer == "clip":
        return _Tokenizer(card, read=_ClipRows(tokenizer, card.context_length), pad=0)
    if card.tokenizer in ("bert", "sentencepiece"):
        tokenizer.enable_truncation(card.context_length)
        clean = canonicalize if card.tokenizer == "sentencepiece" else printable
        return _Tokenizer(card, read=_CleanedRows(tokenizer, clean), pad=_pad_id(tokenizer))
    raise ModelUnavailable(f'There is no tokenizer of the kind "{card.tokenizer}".', hint="Known: clip, bert, sentencepiece.")


def _pad_id(tokenizer: Tokenizer) -> int:
    found = (tokenizer.token_to_id(token) for token in ("[PAD]", "<pad>"))
    return next((pad for pad in found if pad is not None), 0)


class _Tokenizer:
    """Rows of ids made rectangular."""

    def __init__(self, card: TextCard, *, read: Callable[[Sequence[str]], Rows], pad: int) -> None:
        self._full = card.context_length if card.truncation is Truncation.NONE else 0
        self._read, self._pad = read, pad

    def encode(self, texts: Sequence[str]) -> tuple[TokenIds, TokenIds]:
        rows = self._read(texts)
        length = self._full or max(map(len, rows), default=0)
        ids = np.full((len(rows), length), self._pad, dtype=np.int64)
        mask = np.zeros((len(rows), length), dtype=np.int64)
        for row, tokens in enumerate(rows):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        return ids, mask


class _ClipRows:
    """Start, the text's tokens, end; the last id of a row that is too long is overwritten with the end, as open_clip does."""

    def __init__(self, tokenizer: Tokenizer, context_length: int) -> None:
        self._tokenizer, self._room = tokenizer, context_length - 2

    def __call__(self, texts: Sequence[str]) -> Rows:
        encodings = self._tokenizer.encode_batch_fast([lower(text) for text in texts], add_special_tokens=False)
        return [[START_OF_TEXT, *encoding.ids[: self._room], END_OF_TEXT] for encoding in encodings]


class _CleanedRows:
    """Special tokens, and what is cut, are as the file says."""

    def __init__(self, tokenizer: Tokenizer, clean: Callable[[str], str]) -> None:
        self._tokenizer, self._clean = tokenizer, clean

    def __call__(self, texts: Sequence[str]) -> Rows:
        encodings = self._tokenizer.encode_batch_fast([self._clean(text) for text in texts])
        return [encoding.ids for encoding in encodings]
