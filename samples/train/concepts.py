"""Concepts: their names, keywords and categories, and the split of the keywords.

A concept is one emoji of the Unicode list. Its name and its keywords are the
captions. A seeded tenth of all keywords never enters any training caption:
searching for these shows how far the model goes beyond the words it saw.
"""

import json
import random
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

SEED = 20
HELD_OUT_SHARE = 0.1
GENDERED = re.compile(r"^(man|woman|men|women|people) ")
COMBINATION = re.compile(r"^(kiss|couple with heart|family) |facing right$")
COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "brown", "black", "white", "pink", "grey")


@dataclass(frozen=True)
class Concept:
    """One thing to draw and to search for."""

    characters: str
    name: str
    category: str
    keywords: tuple[str, ...]

    @property
    def code(self) -> str:
        """Code points in hexadecimal, without the variation selector."""
        return "-".join(f"{ord(c):x}" for c in self.characters if c != "\ufe0f")

    @property
    def needs_colour(self) -> bool:
        """Whether a drawing in black and white would show something else."""
        words = self.name.split()
        return self.category == "flags" or any(colour in words for colour in COLOURS)

    @property
    def has_direction(self) -> bool:
        """Whether the mirrored drawing would show something else."""
        sided = re.search(r"left|right|clock|o’|thirty|arrow|button|keycap|symbol", self.name)
        return self.category in ("flags", "symbols") or sided is not None


def slug(text: str) -> str:
    """Lower-case ASCII words joined by hyphens, for file names and icon names."""
    spelled = text.replace("#", "hash").replace("*", "asterisk").replace("&", "and")
    plain = unicodedata.normalize("NFKD", re.sub("['’]", "", spelled))
    ascii_only = plain.encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", ascii_only).strip("-")


def _readable(name: str) -> str:
    """The name as a person would write it: `flag France` is a flag of France."""
    return re.sub(r"^flag (?=[A-ZÅ])", "flag of ", name)


def _keywords(words: list[str], name: str) -> tuple[str, ...]:
    """Keywords that are words: at least three letters, no digits, no doubles, not the name itself."""
    spaced = (re.sub(r"[_\s]+", " ", word).strip().lower() for word in words)
    wanted = (word for word in spaced if re.search(r"[a-z]{3}", word) and not re.search(r"[\d:;<>=^|]", word))
    return tuple(dict.fromkeys(word for word in wanted if slug(word) != slug(name)))


def _wanted(name: str, names: set[str]) -> bool:
    """Leave out gendered and mirrored variants of a concept that has a neutral drawing."""
    if COMBINATION.search(name):
        return False
    base = GENDERED.sub("", name)
    return base == name or not {base, f"person {base}", f"people {base}"} & (names - {name})


def load(packages: Path) -> list[Concept]:
    """Read the concepts from the two word lists under an installed `node_modules`."""
    listed = json.loads((packages / "unicode-emoji-json/data-by-emoji.json").read_text())
    words = json.loads((packages / "emojilib/dist/emoji-en-US.json").read_text())
    names = {entry["name"] for entry in listed.values()}
    return [
        Concept(
            characters,
            _readable(entry["name"]),
            slug(entry["group"].replace("&", " ")),
            _keywords(words.get(characters, []), _readable(entry["name"])),
        )
        for characters, entry in listed.items()
        if _wanted(entry["name"], names)
    ]


def held_out_keywords(concepts: list[Concept]) -> set[str]:
    """The seeded subset of keywords that no training caption may be equal to.

    Only keywords that add something to the name of every concept they belong to
    are drawn: "flag wales" for the flag of Wales would be no test.
    """
    names = {concept.name.lower() for concept in concepts}
    said = {word for concept in concepts for word in concept.keywords if set(word.split()) <= set(concept.name.lower().split())}
    words = sorted({word for concept in concepts for word in concept.keywords} - names - said)
    return set(random.Random(SEED).sample(words, int(len(words) * HELD_OUT_SHARE)))
