"""The models that can be named: one data file each in `cards/`. Adding a model is adding a file.

A card says what a model *is*. Where its files lie, and whether they are the right ones, is `searchindex/models.py`.
"""

import difflib
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any

from searchindex.errors import NotFound, shorten


class Truncation(StrEnum):
    """How a query's padding may be dropped. END_OF_TEXT is exact only for a causal tower that pools at the end-of-text token."""

    END_OF_TEXT = "end-of-text"
    PADDING = "padding"  # exact for towers that mask padding: Hugging Face encoders
    NONE = "none"  # the tower sees its padding, as SigLIP's does: always the full context


class ResizeMode(StrEnum):
    """open_clip's names: fill the square and crop, ignore the aspect ratio, or fit inside and pad with `fill`."""

    SHORTEST = "shortest"
    SQUASH = "squash"
    LONGEST = "longest"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextCard:
    """`tokenizer`: `clip`, `bert` or `sentencepiece`; `context_length` in tokens, special ones included."""

    context_length: int
    tokenizer: str
    truncation: Truncation


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageCard:
    """Preprocessing: side in pixels, then (x / 255 - mean) / std per channel in RGB. `fill`: grey level 0..255 of padding."""

    size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    interpolation: str
    resize_mode: ResizeMode
    fill: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """`architecture` and `pretrained` are open_clip's names; `source` is where the weights are published."""

    name: str
    architecture: str
    pretrained: str
    dim: int
    licence: str
    source: str
    summary: str
    text: TextCard
    image: ImageCard

    @property
    def slug(self) -> str:
        """The name as a folder's name."""
        return self.name.replace("/", "--")


def read_card(content: str) -> ModelCard:
    """A card from TOML. KeyError, TypeError or ValueError on one that is not complete."""
    raw: dict[str, Any] = tomllib.loads(content)
    text, image = raw.pop("text"), raw.pop("image")
    text["truncation"] = Truncation(text["truncation"])
    image |= {"resize_mode": ResizeMode(image["resize_mode"]), "mean": tuple(image["mean"]), "std": tuple(image["std"])}
    return ModelCard(**raw, text=TextCard(**text), image=ImageCard(**image))


@cache
def cards() -> dict[str, ModelCard]:
    """All cards by name, in the order of their names."""
    files = sorted((f for f in resources.files("searchindex.cards").iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    read = (read_card(file.read_text("utf-8")) for file in files)
    return {card.name: card for card in read}


def find_card(name: str) -> ModelCard:
    """The card of a full name (`ViT-H-14/laion2b_s32b_b79k`) or of an architecture that only one card has. Else NotFound."""
    known = cards()
    if name in known:
        return known[name]
    same = [card for card in known.values() if card.architecture == name]
    if len(same) == 1:
        return same[0]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.3)
    hint = f'Did you mean "{near[0]}"?' if near else "See `searchindex models`."
    raise NotFound(f'There is no model "{shorten(name, 80)}".', hint=hint)
