"""What was measured, as JSON and as a picture."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jobs.benchmark.measure import Times

PERCENTILES = (50, 90, 95, 99)
WIDTH, HEIGHT, MARGIN = 640, 360, 48
COLOURS = ("#4269d0", "#efb118", "#3ca951")
Stages = Mapping[str, Sequence[float]]


def stages_of(times: Times) -> dict[str, list[float]]:
    """Those that there were."""
    named = {"encode": times.encode, "search": times.search, "total": times.total}
    return {name: values for name, values in named.items() if values}


def statistics(values: Sequence[float]) -> dict[str, float]:
    """Milliseconds; percentiles by linear interpolation, the deviation of the sample."""
    found = {f"p{at}": float(np.percentile(values, at)) for at in PERCENTILES}
    found |= {"min": min(values), "max": max(values), "mean": float(np.mean(values)), "std": float(np.std(values, ddof=len(values) > 1))}
    return {name: round(value, 3) for name, value in found.items()}


def verdict(stages: Mapping[str, Mapping[str, float]], recall: float, *, most_ms: float, least_recall: float) -> dict[str, Any]:
    """A fast answer that misses what there is is not met; neither is one whose recall is not known."""
    return {
        "p95_ms": stages["total"]["p95"],
        "most_ms": most_ms,
        "recall": recall,
        "least_recall": least_recall,
        "met": bool(stages["total"]["p95"] <= most_ms and recall >= least_recall),
    }


def plot(stages: Stages, *, title: str, most_ms: float) -> str:
    """An SVG: milliseconds over the percentile, one line a stage, and the limit."""
    top = max(most_ms, *(float(np.percentile(values, 99)) for values in stages.values())) * 1.1
    at = np.linspace(0, 99, 100)
    parts = [_text(WIDTH / 2, 20, title, anchor="middle"), *_axes(top), _line([(0, most_ms), (99, most_ms)], top, "#d62728", dash=True)]
    for number, (name, values) in enumerate(stages.items()):
        colour = COLOURS[number % len(COLOURS)]
        parts.append(_line(list(zip(at, np.percentile(values, at), strict=True)), top, colour))
        parts.append(_text(MARGIN + 12, MARGIN + 18 * number, name, colour=colour))
    inner = "\n".join(parts)
    frame = f'viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {frame}>\n<rect width="100%" height="100%" fill="white"/>\n{inner}\n</svg>\n'


def _axes(top: float) -> list[str]:
    labels = [_text(_x(at), HEIGHT - MARGIN + 18, f"P{at}", anchor="middle") for at in (0, 25, 50, 75, 90, 99)]
    labels += [_text(MARGIN - 6, _y(top * part / 4, top) + 4, f"{top * part / 4:.1f}", anchor="end") for part in range(5)]
    size = f'width="{WIDTH - 1.5 * MARGIN}" height="{HEIGHT - 1.5 * MARGIN - 6}"'
    frame = f'<rect x="{MARGIN}" y="{MARGIN / 2 + 6}" {size} fill="none" stroke="#999"/>'
    return [frame, *labels, _text(6, MARGIN / 2, "ms")]


def _line(points: Sequence[tuple[float, float]], top: float, colour: str, *, dash: bool = False) -> str:
    path = " ".join(f"{_x(x):.1f},{_y(min(y, top), top):.1f}" for x, y in points)
    dashes = "6 4" if dash else "none"
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}"/>'


def _text(x: float, y: float, text: str, *, anchor: str = "start", colour: str = "#222") -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escaped}</text>'


def _x(percentile: float) -> float:
    return MARGIN + (WIDTH - 1.5 * MARGIN) * percentile / 99


def _y(ms: float, top: float) -> float:
    return HEIGHT - MARGIN - (HEIGHT - 1.5 * MARGIN - 6) * ms / top
