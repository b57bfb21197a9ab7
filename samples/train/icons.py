"""Finding the drawing of a concept in a style.

Newer styles say which code points a drawing stands for; older ones only name
their drawings, each by the names of its time. The names that any style gives
to a code point are therefore gathered first, and tried in the others.
"""

import json
import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from samples.train.concepts import Concept, slug

MAX_VARIANTS = 6


@dataclass(frozen=True)
class IconSet:
    """The SVG bodies of one style, their aliases and their code points."""

    bodies: dict[str, dict[str, str]]
    aliases: dict[str, str]
    by_code: dict[str, str]
    width: int
    height: int

    @classmethod
    def load(cls, package: Path) -> "IconSet":
        """Read an installed icon package."""
        data = json.loads((package / "icons.json").read_text())
        chars = json.loads((package / "chars.json").read_text())
        aliases = {name: alias["parent"] for name, alias in data.get("aliases", {}).items()}
        codes = {re.sub("-fe0f", "", code): name for code, name in chars.items()}
        return cls(data["icons"], aliases, codes, int(data["width"]), int(data["height"]))

    def resolve(self, name: str) -> str | None:
        """Follow aliases to the name of a drawing, if there is one."""
        while name not in self.bodies and name in self.aliases:
            name = self.aliases[name]
        return name if name in self.bodies else None

    def svg(self, name: str) -> str:
        """The drawing as a whole SVG document."""
        icon = self.bodies[name]
        width, height = icon.get("width", self.width), icon.get("height", self.height)
        view = f"{icon.get('left', 0)} {icon.get('top', 0)} {width} {height}"
        head = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
        return f'<svg {head} viewBox="{view}" color="#000">{icon["body"]}</svg>'


def known_names(sets: list[IconSet]) -> dict[str, list[str]]:
    """Names per code point, as given by every style that lists code points."""
    names: dict[str, list[str]] = defaultdict(list)
    for icons in sets:
        old_names = defaultdict(list)
        for alias in icons.aliases:
            old_names[icons.resolve(alias)].append(alias)
        for code, name in icons.by_code.items():
            names[code] += [name, *old_names[icons.resolve(name)]]
    return names


def candidates(concept: Concept, known: dict[str, list[str]]) -> list[str]:
    """Names under which a style may keep the concept, the likeliest first."""
    found = [slug(concept.name), *known.get(concept.code, [])]
    if len(concept.code.split("-")) == 1:
        found.append(slug(unicodedata.name(concept.characters[0], "")))
    if concept.name.startswith("flag of "):
        country = slug(concept.name.removeprefix("flag of "))
        found += [f"flag-for-{country}", f"flag-for-flag-{country}", f"flag-{country}", country]
    return list(dict.fromkeys(found + [name.replace("-", "") for name in found]))


def drawings(concept: Concept, icons: IconSet, known: dict[str, list[str]]) -> list[str]:
    """Names of the style's drawings of a concept: the plain one or its numbered variants."""
    for name in [icons.by_code.get(concept.code), *candidates(concept, known)]:
        resolved = icons.resolve(name) if name else None
        if resolved:
            return [resolved]
        variants = [f"{name}-{i}" for i in range(1, MAX_VARIANTS) if f"{name}-{i}" in icons.bodies]
        if variants:
            return variants
    return []
