"""Charts as helm renders them, without a cluster: what every chart test looks at.

`render` is cached: the same chart with the same values is rendered once per process, and each caller gets a copy of its own.
helm is the package of the test requirements, or the one on PATH.
"""

import copy
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

Manifest = dict[str, Any]

CHARTS = Path(__file__).parents[2] / "charts"
RELEASE, NAMESPACE = "r", "ns"
KUBERNETES = "1.34.4"
NOTES = """{{- define "told" }}@TEXT@{{ end -}}
kind: Notes
metadata: {name: notes}
text: {{ include "told" . | quote }}
"""


class Refused(Exception):
    """helm did not render; the message is helm's own."""


def render(
    chart: str | Path,
    values: Mapping[str, Any] | None = None,
    *,
    release: str = RELEASE,
    namespace: str = NAMESPACE,
    kubernetes: str = KUBERNETES,
    apis: tuple[str, ...] = (),
) -> list[Manifest]:
    """Every manifest of a chart, hooks included, in helm's order. Refused where helm refuses.

    `chart`: a folder below `charts/`, such as `searchindex` or `searchindex/charts/qdrant`, or a path.
    `values`: laid over the chart's own; None deletes, as in helm.
    `apis`: what the cluster serves beside Kubernetes' own, such as `monitoring.coreos.com/v1`.
    """
    flags = [f"--api-versions={each}" for each in apis]
    return copy.deepcopy(_rendered(CHARTS / chart, json.dumps(values or {}), release, namespace, kubernetes, tuple(flags)))


def notes(chart: str | Path, values: Mapping[str, Any] | None = None, *, release: str = RELEASE) -> str:
    """What helm tells the person who installs the chart; empty where it has nothing to say.

    helm shows them only with a cluster. So they are rendered as a value of a made-up manifest, in a copy of the chart.
    """
    with tempfile.TemporaryDirectory() as folder:
        copied = Path(shutil.copytree(CHARTS / chart, Path(folder) / (CHARTS / chart).name))
        said = copied / "templates/NOTES.txt"
        if not said.exists():
            return ""
        text = said.read_text("utf-8")
        said.with_name("notes.yaml").write_text(NOTES.replace("@TEXT@", text), "utf-8")
        return str(only(render(copied, values, release=release), "Notes")["text"]).strip()


def helm(*arguments: str, given: str | None = None) -> str:
    """What helm prints. Refused with what it says."""
    done = subprocess.run([program(), *arguments], input=given, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603  # helm, with arguments of ours
    if done.returncode:
        raise Refused(done.stderr.strip())
    return done.stdout


@cache
def program() -> str:
    """Where helm is. Where it is not, the tests that need it are skipped; with REQUIRE_ENGINES=1 they fail."""
    beside = Path(sys.executable).parent
    found = shutil.which("helm", path=os.pathsep.join([str(beside), os.environ.get("PATH", "")]))
    if not found:
        (pytest.fail if os.environ.get("REQUIRE_ENGINES") == "1" else pytest.skip)(
            "helm is not on PATH, and its package is for Linux on x86-64"
        )
    return found


def only(manifests: Iterable[Manifest], kind: str, name: str | None = None) -> Manifest:
    """The one manifest of a kind, and of a name where one is given. AssertionError names what there is, if that is not one."""
    listed = list(manifests)
    found = [each for each in listed if each["kind"] == kind and name in (None, each["metadata"]["name"])]
    there = sorted(f"{each['kind']}/{each['metadata']['name']}" for each in listed)
    assert len(found) == 1, f"{len(found)} of {kind}/{name or '*'} among {there}"
    return found[0]


def pod_of(manifest: Manifest) -> Manifest:
    """The pod's spec within whatever makes pods."""
    spec: Manifest = manifest["spec"]
    if manifest["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    return spec if manifest["kind"] == "Pod" else spec["template"]["spec"]


@cache
def _rendered(chart: Path, values: str, release: str, namespace: str, kubernetes: str, flags: tuple[str, ...]) -> list[Manifest]:
    arguments = (f"--namespace={namespace}", f"--kube-version={kubernetes}", *flags)
    printed = helm("template", release, str(chart), *arguments, "-f", "-", given=values)
    return [each for each in yaml.load_all(printed, Loader=yaml.CSafeLoader) if each]
