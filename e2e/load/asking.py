"""k6 asks a release through the cluster's ingress, with its key."""

import os
import subprocess
import sys
from pathlib import Path

from e2e.kubernetes.release import Release

ROOT = Path(__file__).resolve().parents[2]


def ask(release: Release, name: str, *, keep: str, **options: object) -> bool:
    """One run of the script `name`, kept in docs/results as `keep` unless that is empty: whether every promise was kept.

    `options`: flags of `python -m e2e.load`.
    """
    flags = {"target": release.client.base_url, "host": release.host, **options, **({"keep": keep} if keep else {})}
    command = [part for flag, value in flags.items() for part in (f"--{flag}", f"{value:g}" if isinstance(value, float) else str(value))]
    told = {**os.environ, "LOAD_API_KEY": release.key}  # not as a flag: a list of processes would show it
    return subprocess.run([sys.executable, "-m", "e2e.load", name, *command], cwd=ROOT, env=told, check=False).returncode == 0
