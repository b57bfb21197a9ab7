"""The whole of it as a platform engineer installs it: the chart's controller, real indexing pods, real pictures on a claim."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from e2e.kubernetes.helm import helm
from e2e.kubernetes.indexes import PICTOGRAMS
from e2e.kubernetes.kubectl import Kubectl, condition, eventually
from e2e.kubernetes.qdrant import Qdrant
from e2e.kubernetes.samples import claim, pod_on_claim, search_index

ROOT = Path(__file__).parents[2]
PICTURES = 1465
STORE = {"host": "qdrant"}


@pytest.fixture(scope="module")
def installed(namespace: Kubectl, qdrant: str) -> Iterator[Qdrant]:
    """Pod security is restricted in the namespace, and the controller has rights in it alone."""
    name = namespace.namespace
    namespace.run("label", "namespace", name, "pod-security.kubernetes.io/warn=restricted", "pod-security.kubernetes.io/audit=restricted")
    namespace.apply(claim(), pod_on_claim("fill"))
    values = {
        "controller.image.registry": "localhost",
        "controller.watchNamespaces[0]": name,
        **{f"{part}.enabled": "false" for part in ("api", "qdrant", "redis", "otelCollector")},
        **{f"{part}.enabled": "false" for part in ("qdrant", "redis", "otelCollector")},  # the namespace has a Qdrant already
    }
    flags = [part for key, value in values.items() for part in ("--set", f"{key}={value}")]
    helm(namespace, "upgrade", "--install", "si", str(ROOT / "charts/searchindex"), "--wait", "--timeout=90s", *flags)
    namespace.run("wait", "--for=condition=Complete", "job/fill", "--timeout=60s")
    yield Qdrant(qdrant)
    helm(namespace, "uninstall", "si")


def ready(kubectl: Kubectl) -> bool:
    return condition(kubectl.get("si", "pictograms"), "Ready")[0] == "True"


def run_of(kubectl: Kubectl) -> dict[str, Any]:
    found: dict[str, Any] = (kubectl.get("si", "pictograms") or {})["status"]["indexing"]
    return found


@pytest.mark.timeout(300)
def test_from_apply_to_ready(namespace: Kubectl, installed: Qdrant) -> None:
    """One resource: every picture is in the collection, the columns say so, and the fingerprint is the model's own."""
    namespace.apply(search_index(STORE))
    eventually(lambda: condition(namespace.get("si", "pictograms"), "CollectionReady")[0] == "True", "CollectionReady", seconds=20)
    eventually(lambda: ready(namespace), "Ready", seconds=240)
    run = run_of(namespace)
    assert (run["total"], run["indexed"], run["failed"], run["percent"]) == (PICTURES, PICTURES, 0, 100)
    collection = installed.aliases()["pictograms"]
    assert installed.count(collection) == PICTURES
    said = installed.collection(collection)["config"]["metadata"]
    model = json.loads((ROOT / "samples/model/model.json").read_text())
    assert model["card"] == PICTOGRAMS
    assert len(said["fingerprint"]) == 16
    assert (namespace.get("si", "pictograms") or {})["status"]["active"]["modelFingerprint"] == said["fingerprint"]
    columns = namespace.run("get", "si", "pictograms", "--no-headers").split()
    assert columns[:6] == ["pictograms", "True", "Available", PICTOGRAMS, str(PICTURES), "100"]


@pytest.mark.timeout(200)
def test_a_second_run_encodes_nothing(namespace: Kubectl, installed: Qdrant) -> None:
    """Asked for by an annotation, it finds every picture unchanged."""
    before = run_of(namespace)["jobName"]
    namespace.run("annotate", "si/pictograms", "searchindex.dev/reindex=again", "--overwrite")
    eventually(lambda: run_of(namespace)["jobName"] != before and run_of(namespace).get("result"), "a second run", seconds=120)
    run = run_of(namespace)
    assert (run["result"], run["unchanged"], run["indexed"]) == ("Succeeded", PICTURES, 0)
    assert ready(namespace)


def test_the_pods_have_no_rights_and_no_privileges(namespace: Kubectl, installed: Qdrant) -> None:
    """Indexing pods run as nobody, without a token, on a root that cannot be written."""
    (job, *_) = namespace.list("jobs", "searchindex.dev/index=pictograms")
    pod = job["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is True


def test_the_controller_has_the_rights_it_needs_and_no_more(namespace: Kubectl, installed: Qdrant) -> None:
    """What the chart grants, asked of the API server itself."""
    account = f"system:serviceaccount:{namespace.namespace}:si-controller"

    def may(verb: str, what: str, within: str = namespace.namespace) -> bool:
        try:
            return namespace.run("auth", "can-i", verb, what, "--as", account, "-n", within).strip() == "yes"
        except Exception:  # noqa: BLE001  # exit status 1 means no
            return False

    assert may("patch", "searchindexes.searchindex.dev/status")
    assert may("create", "jobs.batch")
    assert may("get", "secrets")
    for verb, what in [("list", "secrets"), ("create", "pods"), ("delete", "searchindexes.searchindex.dev"), ("get", "nodes")]:
        assert not may(verb, what), f"{verb} {what}"
    assert not may("get", "secrets", "kube-system")


def test_retain_leaves_the_collection(namespace: Kubectl, installed: Qdrant) -> None:
    """Deleted with the default policy, its vectors stay, and the same resource finds them again without a new encoding."""
    collection = installed.aliases()["pictograms"]
    namespace.delete("si", "pictograms")
    eventually(lambda: not namespace.list("jobs", "searchindex.dev/index=pictograms"), "its Jobs are gone", seconds=40)
    assert installed.count(collection) == PICTURES
    namespace.apply(search_index(STORE, reclaimPolicy="Delete"))
    eventually(lambda: ready(namespace), "Ready again", seconds=100)
    assert installed.aliases()["pictograms"] == collection
    assert run_of(namespace)["unchanged"] == PICTURES


def test_delete_leaves_nothing(namespace: Kubectl, installed: Qdrant) -> None:
    """With Delete, collection, alias and Jobs go with the resource."""
    namespace.delete("si", "pictograms")
    assert namespace.get("si", "pictograms") is None
    assert [each for each in installed.collections() if each.startswith("pictograms")] == []
    assert "pictograms" not in installed.aliases()
