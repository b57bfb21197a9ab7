"""Texts in, vectors out, on the CPU: what every text tower has around it."""

from collections.abc import Callable, Sequence

from searchindex.encoders.rows import TEXT_BATCH, in_batches
from searchindex.encoders.tokenizer import TextTokenizer, TokenIds
from searchindex.ports import Vectors

Tower = Callable[[TokenIds, TokenIds], Vectors]  # ids and mask [n, length] to unit vectors [n, dim]


class TowerOfTexts:
    """A text encoder of a tokenizer and what computes its tower."""

    def __init__(self, tokenizer: TextTokenizer, tower: Tower, *, dim: int) -> None:
        self._tokenizer, self._tower, self._dim = tokenizer, tower, dim

    @property
    def dim(self) -> int:
        return self._dim

    @property
    def device(self) -> str:
        return "cpu"

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        return in_batches(texts, self._encode, size=TEXT_BATCH, dim=self.dim)

    def _encode(self, texts: Sequence[str]) -> Vectors:
        return self._tower(*self._tokenizer.encode(texts))
