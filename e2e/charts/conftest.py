"""What the charts' tests share: a namespace for each module, that admits only what is restricted, and helm in it."""

import base64
import os
import uuid
from collections.abc import Callable, Iterator

import pytest

from e2e.charts.helm import Helm
from e2e.kubernetes.conftest import environment
from e2e.kubernetes.kubectl import Kubectl, Manifest, eventually

__all__ = ["environment"]

STANDARD = ("enforce", "warn", "audit")


@pytest.fixture(scope="module")
def namespace(environment: dict[str, str]) -> Iterator[Kubectl]:
    """Removed with everything in it, unless KEEP is set."""
    kubectl, name = Kubectl(environment), f"e2e-charts-{uuid.uuid4().hex[:6]}"
    kubectl.run("create", "namespace", name)
    kubectl.run("label", "namespace", name, *(f"pod-security.kubernetes.io/{each}=restricted" for each in STANDARD))
    yield kubectl.within(name)
    if not os.environ.get("KEEP"):
        kubectl.run("delete", "namespace", name, "--wait=false")


@pytest.fixture(scope="module")
def helm(namespace: Kubectl) -> Helm:
    return Helm(namespace)


@pytest.fixture
def address(namespace: Kubectl) -> Callable[[str], str]:
    """Of a Service, in the cluster."""
    return lambda service: str(found(namespace, "service", service)["spec"]["clusterIP"])


@pytest.fixture
def secret(namespace: Kubectl) -> Callable[[str, str], str]:
    """What a key of a Secret holds."""
    return lambda name, key: base64.b64decode(found(namespace, "secret", name)["data"][key]).decode()


def found(kubectl: Kubectl, kind: str, name: str) -> Manifest:
    made: Manifest = eventually(lambda: kubectl.get(kind, name), f"{kind}/{name}")
    return made
