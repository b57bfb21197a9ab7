"""What this machine has, what it lacks, and how to get it."""

import importlib.util
import os
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from cli.workspace import Workspace, prepared, sample_model
from searchindex.errors import SearchIndexError

NEEDED_MB = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`optional`: nothing is broken without it."""

    name: str
    good: bool
    detail: str
    optional: bool = False

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def examine(workspace: Workspace) -> list[Finding]:
    """Everything that the commands rest on; changes nothing."""
    return [_python(), _home(workspace), _disk(workspace), _small_model(), _torch(), *_indexes(workspace), *_models(workspace)]


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding(name="python", good=sys.version_info >= (3, 11), detail=version)


def _home(workspace: Workspace) -> Finding:
    nearest = next(path for path in (workspace.home, *workspace.home.parents) if path.exists())
    good = os.access(nearest, os.W_OK)
    detail = str(workspace.home) if good else f"{nearest} cannot be written; set SEARCHINDEX_HOME to a folder that can"
    return Finding(name="home", good=good, detail=detail)


def _disk(workspace: Workspace) -> Finding:
    nearest = next(path for path in (workspace.home, *workspace.home.parents) if path.exists())
    free = shutil.disk_usage(nearest).free // 2**20
    return Finding(name="disk", good=free > NEEDED_MB, detail=f"{free} MiB free, {NEEDED_MB} needed")


def _small_model() -> Finding:
    try:
        model = sample_model()
        for file in model.files:
            model.path(file)
    except SearchIndexError as error:
        return Finding(name="small model", good=False, detail=str(error))
    return Finding(name="small model", good=True, detail=f"{model.card.name}, fingerprint {model.fingerprint}")


def _torch() -> Finding:
    there = all(importlib.util.find_spec(name) for name in ("torch", "open_clip"))
    detail = "installed" if there else "not installed; only `searchindex export` and GPUs need it: pip install 'searchindex[gpu]'"
    return Finding(name="torch", good=there, detail=detail, optional=True)


def _indexes(workspace: Workspace) -> list[Finding]:
    return [
        Finding(name=f"index {name}", good=root.is_dir(), detail=str(root) if root.is_dir() else f"{root} is gone", optional=True)
        for name in workspace.names()
        for root in (Path(workspace.read(name).root),)
    ]


def _models(workspace: Workspace) -> list[Finding]:
    return [
        Finding(name=f"model {name}", good=ready, detail="ready" if ready else f'prepare it: searchindex export "{name}"', optional=True)
        for name, ready in prepared(workspace).items()
    ]


def show(findings: list[Finding], console: Console) -> None:
    """One line each."""
    for finding in findings:
        mark = "[green]ok[/]" if finding.good else "[yellow]--[/]" if finding.optional else "[red]no[/]"
        console.print(f"{mark} {finding.name}: {finding.detail}", highlight=False, soft_wrap=True)
