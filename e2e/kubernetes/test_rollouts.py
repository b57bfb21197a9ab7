"""The API's pods replaced, deleted, made more and fewer, at fifty searches a second through the ingress: no search fails."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from e2e.kubernetes.kubectl import Kubectl, condition, eventually
from e2e.kubernetes.load import under_load
from tests.faults.record import record, scaled

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples/tutorial"
RATE = 50
DEPLOYMENT = "deployment/search-api"


@pytest.fixture(scope="module")
def searched(namespace: Kubectl, environment: dict[str, str]) -> Iterator[Kubectl]:
    """The tutorial's release with two API pods, and the samples indexed. Its host at the ingress is the namespace's name."""
    name = namespace.namespace
    slow = Kubectl(environment, name, timeout=300)
    slow.run("apply", "-f", str(EXAMPLES / "samples.yaml"))
    slow.run("wait", "--for=condition=Complete", "job/samples", "--timeout=120s")
    values = {"api.replicas": "2", "api.ingress.hosts[0]": name, "controller.watchNamespaces[0]": name}
    flags = [part for key, value in values.items() for part in ("--set", f"{key}={value}")]
    _helm(
        environment,
        "upgrade",
        "--install",
        "search",
        str(ROOT / "charts/searchindex"),
        "-n",
        name,
        "-f",
        str(EXAMPLES / "values.yaml"),
        *flags,
    )
    slow.run("apply", "-f", str(EXAMPLES / "searchindex.yaml"))
    eventually(lambda: condition(slow.get("si", "photos"), "Ready")[0] == "True", "Ready", seconds=240)
    slow.run("rollout", "status", DEPLOYMENT, "--timeout=240s")
    yield slow
    slow.run("delete", "si", "--all", "--timeout=60s")
    _helm(environment, "uninstall", "search", "-n", name)


def _helm(environment: dict[str, str], *arguments: str) -> None:
    done = subprocess.run(["helm", *arguments], env={**os.environ, **environment}, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


def whole(kubectl: Kubectl, pods: int) -> None:
    """Until so many pods are ready, and no other is there any more."""

    def there() -> bool:
        found = kubectl.list("pods", "app.kubernetes.io/component=api")
        ready = [each for each in found if condition(each, "Ready")[0] == "True" and "deletionTimestamp" not in each["metadata"]]
        return len(ready) == len(found) == pods

    eventually(there, f"{pods} pods of the API", seconds=180)


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
    whole(searched, 2)
    with under_load(searched.namespace, rate=RATE) as load:
        for _ in range(times):
            done(searched)
    print(load.said)  # noqa: T201  # pytest shows it where the test fails: what each failed search was answered
    assert load.asked > RATE
    record("F-43", times, load.failed, measured=f"{load.asked:,} searches")
