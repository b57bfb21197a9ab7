"""`python -m bench.plot RESULTS.json PLOT.svg`: what each arm takes over the length of a text, drawn from kept results."""

import json
import math
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

WIDTH, HEIGHT, LEFT, TOP, BOTTOM, GAP, LINE = 420, 260, 60, 40, 50, 20, 13
COLOURS = {"stock": "#b3402e", "cut": "#c98a2b", "torch-int8": "#8a7a3a", "fp32": "#3a6ea5", "int8": "#2f7d4f"}
ALONE = re.compile(r"(?P<arm>[\w-]+), (?P<tokens>\d+) tokens$")

Series = dict[str, list[tuple[int, float]]]


def main(results: str, plot: str) -> None:
    document = json.loads(Path(results).read_text("utf-8"))
    panels = [(each["name"], series(each["figures"])) for each in document["benchmarks"] if each["name"].startswith("text-tower")]
    Path(plot).write_text(drawn(panels, document["machine"]), "utf-8")


def series(figures: list[dict[str, Any]]) -> Series:
    """Medians in milliseconds over tokens, for each arm that encoded one text."""
    found: Series = {}
    for figure in figures:
        if figure["unit"] == "ms" and (match := ALONE.match(figure["what"])):
            found.setdefault(match["arm"], []).append((int(match["tokens"]), figure["value"]))
    return {arm: sorted(points) for arm, points in found.items()}


def drawn(panels: list[tuple[str, Series]], machine: dict[str, Any]) -> str:
    """One panel for each model, milliseconds on a logarithmic scale."""
    width, height = LEFT + len(panels) * (WIDTH + GAP), TOP + HEIGHT + BOTTOM + 24
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">']
    parts.append(f'<rect width="{width}" height="{height}" fill="#fff"/>')
    for number, (name, found) in enumerate(panels):
        parts += _panel(LEFT + number * (WIDTH + GAP), name, found)
    parts.append(
        f'<text x="{LEFT}" y="{height - 8}" fill="#555">ms over tokens; {escape(machine["processor"])}, {machine["cores"]} cores</text>'
    )
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(left: int, name: str, found: Series) -> Iterator[str]:
    values = [value for points in found.values() for _, value in points] or [1.0]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)) + 1e-9)

    def place(tokens: int, value: float) -> tuple[float, float]:
        share = (math.log10(value) - low) / max(high - low, 1)
        return left + 10 + (WIDTH - 90) * math.log2(max(tokens, 4) / 4) / math.log2(77 / 4), TOP + HEIGHT * (1 - share)

    yield f'<text x="{left}" y="{TOP - 16}" font-weight="bold">{escape(name)}</text>'
    for power in range(low, high + 1):
        y = place(4, 10.0**power)[1]
        yield f'<path d="M{left} {y:.1f}H{left + WIDTH - 70}" stroke="#ddd"/>'
        yield f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{10.0**power:g}</text>'
    for tokens in (4, 8, 16, 32, 77):
        yield f'<text x="{place(tokens, 1)[0]:.1f}" y="{TOP + HEIGHT + 18}" text-anchor="middle">{tokens}</text>'
    lines = {arm: [place(*point) for point in points] for arm, points in found.items()}
    for (arm, places), name_y in zip(lines.items(), apart([places[-1][1] for places in lines.values()]), strict=True):
        yield from _line(arm, places, name_y)


def apart(heights: list[float]) -> list[float]:
    """The same, moved down where a name would lie on the one above it."""
    found, last = dict[int, float](), -math.inf
    for number in sorted(range(len(heights)), key=heights.__getitem__):
        found[number] = last = max(heights[number], last + LINE)
    return [found[number] for number in range(len(heights))]


def _line(arm: str, places: list[tuple[float, float]], name_y: float) -> Iterator[str]:
    colour = COLOURS.get(arm, "#555")
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    yield f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
    yield from (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places)
    yield f'<text x="{places[-1][0] + 8:.1f}" y="{name_y + 4:.1f}" fill="{colour}">{escape(arm)}</text>'


if __name__ == "__main__":
    main(*sys.argv[1:])
