"""The tutorial's release with two API pods, which something is done to while it is searched through the ingress."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from e2e.kubernetes.helm import helm
from e2e.kubernetes.kubectl import Kubectl, condition, eventually
from e2e.kubernetes.load import under_load
from e2e.kubernetes.release import keep_logs
from tests.faults.record import record

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples/tutorial"
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
    chart = ("search", str(ROOT / "charts/searchindex"), "-f", str(EXAMPLES / "values.yaml"))
    helm(slow, "upgrade", "--install", *chart, *flags)
    slow.run("apply", "-f", str(EXAMPLES / "searchindex.yaml"))
    eventually(lambda: condition(slow.get("si", "photos"), "Ready")[0] == "True", "Ready", seconds=240)
    slow.run("rollout", "status", DEPLOYMENT, "--timeout=240s")
    yield slow
    slow.run("delete", "si", "--all", "--timeout=60s")
    helm(slow, "uninstall", "search")


def whole(kubectl: Kubectl, pods: int) -> None:
    """Until so many pods are ready, and no other is there any more."""

    def there() -> bool:
        found = kubectl.list("pods", "app.kubernetes.io/component=api")
        ready = [each for each in found if condition(each, "Ready")[0] == "True" and "deletionTimestamp" not in each["metadata"]]
        return len(ready) == len(found) == pods

    eventually(there, f"{pods} pods of the API", seconds=180)


def none_fails(searched: Kubectl, done: Callable[[Kubectl], None], *, case: str, rate: int, times: int = 1) -> None:
    """Where `done` is done so often, at `rate` searches a second by a client that repeats none; counted for `case`."""
    whole(searched, 2)
    with under_load(searched.namespace, rate=rate) as load:
        for _ in range(times):
            done(searched)
    print(load.said)  # noqa: T201  # pytest shows it where the test fails: what each failed search was answered
    assert load.asked > rate
    if load.failed:
        print("The pods' logs:", keep_logs(searched, searched.namespace))  # noqa: T201
    record(case, times, load.failed, measured=f"{load.asked:,} searches")
