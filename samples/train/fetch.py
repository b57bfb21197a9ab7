"""From npm packages to rasters: one compressed array file per style."""

import subprocess
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
import resvg_py
from PIL import Image

from samples.train import concepts, icons
from samples.train.sources import HELD_OUT, STYLES, Style, packages

TRAIN_SIZE = 80
SAMPLE_SIZE = 128


def install(work: Path) -> Path:
    """Install the pinned packages with the npm client; returns their folder."""
    modules = work / "node_modules"
    if not modules.exists():
        work.mkdir(parents=True, exist_ok=True)
        (work / "package.json").write_text('{"private": true}')
        command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run([*command, *packages()], cwd=work, check=True)
    return modules


def rasterise(svg: str, size: int) -> np.ndarray:
    """Draw an SVG document as RGBA, centred in a square."""
    drawn = resvg_py.svg_to_bytes(svg_string=svg, height=size, skip_system_fonts=True)
    image = Image.open(BytesIO(bytes(drawn))).convert("RGBA")
    image.thumbnail((size, size), Image.Resampling.LANCZOS)
    square = Image.new("RGBA", (size, size))
    square.paste(image, ((size - image.width) // 2, (size - image.height) // 2))
    return np.asarray(square)


def render_style(style: Style, modules: Path, size: int) -> tuple[np.ndarray, np.ndarray]:
    """All rasters of a style with the number of the concept that each one shows."""
    every_set = {s.name: icons.IconSet.load(modules / s.package) for s in (*STYLES, HELD_OUT)}
    known = icons.known_names(list(every_set.values()))
    icon_set = every_set[style.name]
    shown, rasters = [], []
    for number, concept in enumerate(concepts.load(modules)):
        if concept.needs_colour and not style.coloured:
            continue
        for name in icons.drawings(concept, icon_set, known):
            shown.append(number)
            rasters.append(rasterise(icon_set.svg(name), size))
    return np.stack(rasters), np.array(shown)


def cache_style(style: Style, modules: Path, work: Path) -> str:
    """Render a style once and keep it in the work folder."""
    target = work / f"{style.name}.npz"
    if not target.exists():
        size = SAMPLE_SIZE if style == HELD_OUT else TRAIN_SIZE
        rasters, shown = render_style(style, modules, size)
        np.savez(target, rasters=rasters, concepts=shown)
    with np.load(target) as cached:
        return f"{style.name}: {len(cached['concepts'])} drawings"


def fetch(work: Path) -> None:
    """Install the sources and render every style."""
    modules = install(work)
    with ProcessPoolExecutor(2) as pool:
        render = partial(cache_style, modules=modules, work=work)
        for line in pool.map(render, (*STYLES, HELD_OUT)):
            print(line, flush=True)
