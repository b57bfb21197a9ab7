"""What an image compiles: the modules that a program loads, of those that belong to the image."""

import sys
from pathlib import Path

import pytest

from tools.precompile import precompile


def test_what_is_imported_is_compiled_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file that is not loaded would make the image larger for nothing."""
    package = tmp_path / "weighed"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "loaded.py").write_text("import json")
    (package / "asleep.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert precompile(["weighed.loaded"], root=tmp_path) == 2
    assert sorted(file.name.partition(".")[0] for file in package.rglob("*.pyc")) == ["__init__", "loaded"]
