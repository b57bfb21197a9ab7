"""helm, as a person uses it, in one namespace."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from e2e.kubernetes.helm import helm
from e2e.kubernetes.kubectl import Kubectl

CHARTS = Path(__file__).parents[2] / "charts"
SECONDS = 240


@dataclass(frozen=True, slots=True)
class Helm:
    """Charts of this checkout, into the namespace of `kubectl`."""

    kubectl: Kubectl

    def install(self, release: str, chart: str, values: Mapping[str, Any]) -> str:
        """Installs or upgrades, waits until all of it is ready, and gives back what the API server warned of: nothing, if all is well."""
        flags = ("--install", "--wait", f"--timeout={SECONDS}s", "-f", "-")
        return self._run("upgrade", release, str(CHARTS / chart), *flags, given=json.dumps(values)).stderr

    def test(self, release: str) -> None:
        """Refused where one of its pods fails."""
        self._run("test", release, "--timeout=120s")

    def uninstall(self, release: str) -> None:
        self._run("uninstall", release, "--wait", "--ignore-not-found", f"--timeout={SECONDS}s")

    def _run(self, *arguments: str, given: str | None = None) -> "subprocess.CompletedProcess[str]":
        return helm(self.kubectl, *arguments, given=given, seconds=SECONDS + 30)
