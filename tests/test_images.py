"""What the images leave out is not needed to start a program in them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

# Of NOT_IN_IMAGES in the Makefile, by the names that are imported; and torch, which only the images for GPUs have.
LEFT_OUT = (
    "qdrant_edge",
    "rich",
    "typer",
    "shellingham",
    "pygments",
    "markdown_it",
    "mdurl",
    "huggingface_hub",
    "hf_xet",
    "fsspec",
    "filelock",
    "tqdm",
)
PROGRAM = """
import importlib, sys
for name in sys.argv[2:]:
    sys.modules[name] = None  # as if it were not installed
importlib.import_module(sys.argv[1])
"""


def test_all_that_is_left_out_is_tried() -> None:
    """A package that the Makefile leaves out tomorrow is left out here too."""
    makefile = (Path(__file__).parents[1] / "Makefile").read_text("utf-8")
    (line,) = re.findall(r"^NOT_IN_IMAGES := (.*)$", makefile, re.MULTILINE)
    modules = {"qdrant_edge_py": "qdrant_edge", "markdown_it_py": "markdown_it"}
    names = {name.replace("-", "_") for name in line.split()}
    assert {modules.get(name, name) for name in names} == set(LEFT_OUT)


@pytest.mark.parametrize("module", ["service.__main__", "service.awaiting", "jobs.__main__", "controller.__main__"])
def test_a_program_starts_without_them(module: str) -> None:
    """The import alone: a pod that cannot do it ends before its first line of log."""
    command = [sys.executable, "-c", PROGRAM, module, *LEFT_OUT, "torch", "open_clip"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603
    assert done.returncode == 0, done.stderr[-600:]
