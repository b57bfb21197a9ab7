"""kubectl, as a person uses it: the tests see the cluster through nothing else."""

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
CRD = ROOT / "charts/searchindex-crds/files/searchindexes.yaml"
Manifest = dict[str, Any]


class Refused(Exception):
    """kubectl's exit status is not 0; the message is its own."""


def variables_of(program: str) -> dict[str, str]:
    """What `python -m PROGRAM env` prints, as a shell would take it: KUBECONFIG and PATH of a cluster."""
    printed = subprocess.run([sys.executable, "-m", program, "env"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    pairs = [part.partition("=") for part in shlex.split(printed) if "=" in part]
    return {name: os.path.expandvars(value) for name, _, value in pairs}


@dataclass(frozen=True, slots=True)
class Kubectl:
    """`environment`: KUBECONFIG and PATH of the cluster that is used. Every call ends after `timeout` seconds."""

    environment: dict[str, str]
    namespace: str = "default"
    timeout: float = 60.0

    def within(self, namespace: str) -> "Kubectl":
        return Kubectl(self.environment, namespace, self.timeout)

    def run(self, *arguments: str, given: str | None = None) -> str:
        """What it prints. Refused with what it says."""
        done = subprocess.run(
            ["kubectl", "-n", self.namespace, *arguments],
            input=given,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            timeout=self.timeout,
            check=False,
        )
        if done.returncode:
            raise Refused(done.stderr.strip())
        return done.stdout

    def apply(self, *manifests: Manifest, dry_run: bool = False) -> None:
        listed = {"apiVersion": "v1", "kind": "List", "items": list(manifests)}
        flags = ["--dry-run=server", "--validate=false"] if dry_run else []  # it is the server's own opinion that counts
        self.run("apply", *flags, "-f", "-", given=json.dumps(listed))

    def get(self, kind: str, name: str) -> Manifest | None:
        try:
            found: Manifest = json.loads(self.run("get", kind, name, "-o", "json"))
        except Refused as error:
            if "NotFound" in str(error):
                return None
            raise
        return found

    def list(self, kind: str, selector: str = "") -> list[Manifest]:
        flags = ["-l", selector] if selector else []
        items: list[Manifest] = json.loads(self.run("get", kind, *flags, "-o", "json"))["items"]
        return items

    def delete(self, kind: str, name: str, *, wait: bool = True, force: bool = False) -> None:
        flags = ["--grace-period=0", "--force"] if force else []
        self.run("delete", kind, name, "--ignore-not-found", f"--wait={str(wait).lower()}", *flags)

    def merge(self, kind: str, name: str, change: Manifest) -> None:
        self.run("patch", kind, name, "--type=merge", "-p", json.dumps(change))


def with_definition(environment: dict[str, str]) -> Kubectl:
    """A cluster that knows SearchIndexes, as the checkout defines them."""
    found = Kubectl(environment)
    found.run("apply", "-f", str(CRD))
    found.run("wait", "--for=condition=Established", "crd/searchindexes.searchindex.dev", "--timeout=30s")
    return found


def eventually(wanted: Callable[[], Any], what: str, *, seconds: float = 60.0) -> Any:
    """The first true value of `wanted`; AssertionError with `what` once the time is over. Refusals on the way are waited out."""
    end = time.monotonic() + seconds
    last: object = None
    while time.monotonic() < end:
        try:
            last = wanted()
        except Refused as error:
            last = error
        if last and not isinstance(last, Refused):
            return last
        time.sleep(0.25)
    raise AssertionError(f"not within {seconds:.0f} s: {what}; last seen: {str(last)[:400]}")


def condition(index: Manifest | None, wanted: str) -> tuple[str, str]:
    """(status, reason); empty where it is not there."""
    listed = ((index or {}).get("status") or {}).get("conditions") or []
    found = next((each for each in listed if each["type"] == wanted), {})
    return str(found.get("status", "")), str(found.get("reason", ""))
