"""Encoders over torch and open_clip: for GPUs, and the reference that the ONNX graphs are compared with."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from searchindex.catalogue import ModelCard, Truncation
from searchindex.encoders.clip_vocabulary import clip_tokenizer, installed_merges
from searchindex.encoders.openclip_model import cuts_exactly, fetch, find_weights, load_model, packages, text_features
from searchindex.encoders.rows import IMAGE_BATCH, TEXT_BATCH, check_pixels, in_batches, unit_rows
from searchindex.encoders.tokenizer import TextTokenizer, open_tokenizer, wrap_tokenizer
from searchindex.errors import ModelUnavailable
from searchindex.ports import Pixels, Vectors


def open_openclip(
    card: ModelCard,
    *,
    weights: Path | None,
    device: str,
    image_tower: bool = True,
    tokenizer: Path | None = None,
    allow_pickle: bool = False,
) -> "OpenClip":
    """Both encoders of a model, without a download where `weights` (and for other than CLIP's, `tokenizer`) are local files.

    `device`: torch's name, `cpu` or `cuda`. Without `image_tower` its weights are dropped from memory. ModelUnavailable where
    a package, a file or the network is missing, or the card cuts texts in a way that is not exact for this architecture.
    """
    source = find_weights(card, weights, allow_pickle=allow_pickle)
    model = load_model(card, weights=source, device=device)
    refuse_inexact_cut(card, model)
    if not image_tower:
        del model.visual
    return OpenClip(card, model, tokenizer=find_tokenizer(card, tokenizer), device=device, weights=source)


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
    """Both ports over one model. `model` is open_clip's, `weights` the file that it was filled from."""

    def __init__(self, card: ModelCard, model: Any, *, tokenizer: TextTokenizer, device: str, weights: Path) -> None:
        self.model, self.weights = model, weights
        self._card, self._tokenizer, self._device = card, tokenizer, device
        self._cut = cuts_exactly(model)
        _, self._torch = packages()

    @property
    def dim(self) -> int:
        return self._card.dim

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        return in_batches(texts, self._encode_texts, size=TEXT_BATCH, dim=self.dim)

    def encode_images(self, pixels: Pixels) -> Vectors:
        """ValueError on pixels of another shape than [n, 3, size, size]."""
        check_pixels(pixels, size=self._card.image.size)
        return in_batches(pixels, self._encode_images, size=IMAGE_BATCH, dim=self.dim)

    def _encode_texts(self, texts: Sequence[str]) -> Vectors:
        with self._torch.inference_mode():
            ids = self._torch.from_numpy(self._tokenizer.encode(texts)[0]).to(self._device)
            return self._unit(text_features(self.model, ids, cut=self._cut))

    def _encode_images(self, pixels: Pixels) -> Vectors:
        with self._torch.inference_mode():
            batch = self._torch.from_numpy(np.ascontiguousarray(pixels, dtype=np.float32)).to(self._device)
            return self._unit(self.model.encode_image(batch))

    def _unit(self, features: Any) -> Vectors:
        return unit_rows(features.float().cpu().numpy(), dim=self.dim, name=self._card.name)
