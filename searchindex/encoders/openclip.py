"""Encoders over torch and open_clip: for GPUs, and the reference that the ONNX graphs are compared with."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from searchindex.catalogue import ModelCard, Truncation
from searchindex.encoders.buckets import fill_length, text_shapes
from searchindex.encoders.clip_vocabulary import clip_tokenizer, installed_merges
from searchindex.encoders.openclip_model import Towers, cuts_exactly, load_model, text_features
from searchindex.encoders.openclip_run import Run, Tower
from searchindex.encoders.openclip_weights import fetch, find_weights
from searchindex.encoders.rows import IMAGE_BATCH, TEXT_BATCH, check_pixels, in_batches, unit_rows
from searchindex.encoders.tokenizer import TextTokenizer, open_tokenizer, wrap_tokenizer
from searchindex.errors import ModelUnavailable
from searchindex.ports import Pixels, Vectors


def open_openclip(
    card: ModelCard,
    *,
    weights: Path | None,
    run: Run,
    towers: Towers = Towers.BOTH,
    tokenizer: Path | None = None,
    config: Path | None = None,
    allow_pickle: bool = False,
) -> "OpenClip":
    """Both encoders of a model, without a download where `weights` (and for other than CLIP's, `tokenizer`) are local files.
    `config`: as for `load_model`.

    What is not among `towers` is never in memory, and cannot encode. ModelUnavailable where a package, a file or the network is
    missing, or the card cuts texts in a way that is not exact for this architecture.
    """
    source = find_weights(card, weights, allow_pickle=allow_pickle)
    model = load_model(card, weights=source, run=run, towers=towers, config=config)
    found = None
    if towers is not Towers.IMAGE:
        refuse_inexact_cut(card, model)
        found = find_tokenizer(card, tokenizer)
    return OpenClip(card, model, tokenizer=found, run=run, weights=source)


def refuse_inexact_cut(card: ModelCard, model: Any) -> None:
    """ModelUnavailable unless what the card leaves out of a text is known not to change its vector."""
    if card.text.truncation is Truncation.END_OF_TEXT and not cuts_exactly(model):
        raise ModelUnavailable(
            f"{card.architecture} is not causal with pooling at the highest id: cutting after the end of a text would change vectors.",
            hint='Set truncation = "none" in its card.',
        )
    if card.text.truncation is Truncation.PADDING:
        raise ModelUnavailable("open_clip's towers are not known to mask their padding.", hint='Set truncation = "none" in its card.')


def find_tokenizer(card: ModelCard, tokenizer_json: Path | None) -> TextTokenizer:
    """From a local file, or CLIP's from open_clip's installation, or fetched from the card's source."""
    if tokenizer_json is None and card.text.tokenizer == "clip":
        return wrap_tokenizer(card.text, clip_tokenizer(installed_merges()))
    return open_tokenizer(card.text, tokenizer_json or fetch(card, "tokenizer.json"))


class OpenClip:
    """Both ports over one model. `model` is open_clip's, `weights` the file that it was filled from; without `tokenizer` there is no
    text tower.
    """

    def __init__(self, card: ModelCard, model: Any, *, tokenizer: TextTokenizer | None, run: Run, weights: Path) -> None:
        self.model, self.weights = model, weights
        self._card, self._tokenizer, self._run = card, tokenizer, run
        self._longest, self._cut = card.text.context_length, card.text.truncation is Truncation.END_OF_TEXT
        self._fill = run.compiled and self._cut
        cut = tokenizer is not None and cuts_exactly(model)
        self._text = Tower(lambda ids: text_features(model, ids, cut=cut), run, name=card.name)
        self._image = Tower(model.encode_image, run, name=card.name)

    @property
    def dim(self) -> int:
        return self._card.dim

    @property
    def device(self) -> str:
        return self._run.device

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """ValueError where the text tower was not loaded."""
        return in_batches(texts, self._encode_texts, size=TEXT_BATCH, dim=self.dim)

    def encode_images(self, pixels: Pixels) -> Vectors:
        """ValueError on pixels of another shape than [n, 3, size, size], or where the picture tower was not loaded."""
        if not hasattr(self.model, "visual"):
            raise ValueError(f"{self._card.name} was opened without its picture tower")
        check_pixels(pixels, size=self._card.image.size)
        return in_batches(pixels, self._encode_images, size=IMAGE_BATCH, dim=self.dim)

    def warm_up(self, *, batches: int) -> None:
        """Meet each shape that up to `batches` texts come in, thrice: a compiled tower measures, records and replays."""
        for shape in text_shapes(batches=batches, longest=self._longest, cut=self._cut):
            for _ in range(3):
                self._text(np.ones(shape, np.int64))

    def _encode_texts(self, texts: Sequence[str]) -> Vectors:
        if self._tokenizer is None:
            raise ValueError(f"{self._card.name} was opened without its text tower")
        ids, _ = self._tokenizer.encode(texts)
        return self._unit(self._text(fill_length(ids, longest=self._longest) if self._fill else ids))

    def _encode_images(self, pixels: Pixels) -> Vectors:
        return self._unit(self._image(np.ascontiguousarray(pixels, dtype=np.float32)))

    def _unit(self, features: Vectors) -> Vectors:
        return unit_rows(features, dim=self.dim, name=self._card.name)
