"""The API's pods replaced, deleted, made more and fewer, at fifty searches a second through the ingress: no search fails."""

from collections.abc import Callable

import pytest

from e2e.kubernetes.kubectl import Kubectl
from e2e.kubernetes.searched import DEPLOYMENT, none_fails, searched, whole
from tests.faults.record import scaled

__all__ = ["searched"]  # a fixture
RATE = 50


def updated(kubectl: Kubectl) -> None:
    kubectl.run("rollout", "restart", DEPLOYMENT)
    kubectl.run("rollout", "status", DEPLOYMENT, "--timeout=180s")
    whole(kubectl, 2)


def deleted(kubectl: Kubectl) -> None:
    pod = kubectl.list("pods", "app.kubernetes.io/component=api")[0]["metadata"]["name"]
    kubectl.delete("pod", pod)
    whole(kubectl, 2)


def scaled_to_one(kubectl: Kubectl) -> None:
    for pods in (3, 1, 2):
        kubectl.run("scale", DEPLOYMENT, f"--replicas={pods}")
        whole(kubectl, pods)


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("done", "times"),
    [(updated, scaled(3)), (deleted, scaled(3)), (scaled_to_one, scaled(1))],
    ids=["rolling update", "a pod deleted", "three pods, one, two"],
)
def test_no_search_fails_meanwhile(searched: Kubectl, done: Callable[[Kubectl], None], times: int) -> None:
    """Rollouts: at fifty searches a second through the ingress, by a client that repeats none, all are answered."""
    none_fails(searched, done, case="F-43", rate=RATE, times=times)
