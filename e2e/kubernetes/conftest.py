"""What the tests on a cluster share: the cluster, a namespace for each module, a Qdrant that pods and controllers reach."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from e2e.kubernetes.indexes import STUB
from e2e.kubernetes.kubectl import Kubectl, eventually, variables_of, with_definition

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def environment() -> dict[str, str]:
    """Of the cluster: KUBECONFIG where it is set, else the project's own local one, which is started if it is down."""
    if os.environ.get("KUBECONFIG"):
        return {"KUBECONFIG": os.environ["KUBECONFIG"]}
    subprocess.run([sys.executable, "-m", "e2e.cluster", "up"], cwd=ROOT, check=True, timeout=1500)
    return variables_of("e2e.cluster")


@pytest.fixture(scope="session")
def kubectl(environment: dict[str, str]) -> Kubectl:
    """The definition is installed, as from the checkout."""
    return with_definition(environment)


@pytest.fixture(scope="module")
def namespace(kubectl: Kubectl) -> Iterator[Kubectl]:
    """A namespace of its own, removed with everything in it."""
    name = f"e2e-{uuid.uuid4().hex[:6]}"
    kubectl.run("create", "namespace", name)
    within = kubectl.within(name)
    within.apply(STUB)
    yield within
    if os.environ.get("KEEP"):  # to look around in
        return
    within.run("delete", "jobs", "--all", "--wait=false")  # Kubernetes 1.34 does not always finish a namespace with failed indexes in it
    for index in within.list("si"):  # the controllers of the tests have ended: nobody else would let these go
        if index["metadata"].get("finalizers"):
            within.merge("si", index["metadata"]["name"], {"metadata": {"finalizers": []}})
    kubectl.run("delete", "namespace", name, "--wait=false")


@pytest.fixture(scope="session")
def kubeconfig(environment: dict[str, str]) -> Path:
    return Path(environment["KUBECONFIG"])


QDRANT: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "spec": {
        "terminationGracePeriodSeconds": 2,
        "containers": [
            {
                "name": "qdrant",
                "image": "docker.io/qdrant/qdrant:v1.16.3",
                "imagePullPolicy": "IfNotPresent",
                "env": [
                    {"name": "QDRANT__TELEMETRY_DISABLED", "value": "true"},
                    {"name": "QDRANT__STORAGE__WAL__WAL_CAPACITY_MB", "value": "1"},  # 32 for each of hundreds of collections fills a disk
                ],
                "readinessProbe": {"httpGet": {"path": "/readyz", "port": 6333}, "periodSeconds": 1},
            }
        ],
    },
}


@pytest.fixture(scope="module")
def qdrant(namespace: Kubectl) -> str:
    """The cluster address of a Qdrant in the module's namespace."""
    return start_qdrant(namespace)


def start_qdrant(namespace: Kubectl, name: str = "qdrant") -> str:
    """The address of another one, once it answers."""
    ports = [{"name": "http", "port": 6333}, {"name": "grpc", "port": 6334}]
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": {"selector": {"app": name}, "ports": ports}}
    namespace.apply(QDRANT | {"metadata": {"name": name, "labels": {"app": name}}}, service)
    namespace.run("wait", "--for=condition=Ready", f"pod/{name}", "--timeout=50s")
    return str(eventually(lambda: namespace.get("service", name), f"the service of {name}")["spec"]["clusterIP"])
