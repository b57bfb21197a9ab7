"""The whole product by one command, as a platform engineer has it: installed over an older chart, searched, changed, removed.

The tests are told in order; each stands on the one before.
"""

from pathlib import Path

import pytest

from e2e.charts.helm import Helm
from e2e.charts.product import INDEX, QUERY, RELEASE, ask, first_chart, values
from e2e.kubernetes.conftest import kubectl
from e2e.kubernetes.kubectl import Kubectl, Manifest, condition, eventually
from e2e.kubernetes.samples import REPOSITORY, claim, image, pod_on_claim
from service.key_file import KeyScope, new_key

__all__ = ["kubectl"]  # a fixture: the definition is installed

OURS = "all,pvc,configmap,secret,serviceaccount,role,rolebinding,networkpolicy,poddisruptionbudget,ingress,endpointslice"


@pytest.fixture(scope="module")
def uids() -> dict[str, str]:
    """Of what the first installation made."""
    return {}


def uid(namespace: Kubectl, kind: str, name: str) -> str:
    found = namespace.get(kind, name)
    assert found, f"{kind}/{name}"
    return str(found["metadata"]["uid"])


def api_pods(namespace: Kubectl) -> list[Manifest]:
    return namespace.list("pods", f"app.kubernetes.io/instance={RELEASE},app.kubernetes.io/component=api")


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("kubectl")
def test_the_first_chart_is_there(namespace: Kubectl, helm: Helm, uids: dict[str, str], tmp_path: Path) -> None:
    """The older version, with its controller and a SearchIndex whose Qdrant is not there yet, which the status says."""
    old = first_chart(tmp_path)
    if old is None:
        pytest.skip("this clone has no history: there is no older chart to upgrade from")
    namespace.apply(claim(), pod_on_claim("fill"), INDEX)
    controller = {"image": {"repository": f"{REPOSITORY}/controller"}, "indexer": {"image": image("jobs")}}
    helm.install(RELEASE, str(old), {"controller": {**controller, "watchNamespaces": [namespace.namespace]}})
    eventually(lambda: condition(namespace.get("si", "pictograms"), "StoreReachable")[0] == "False", "StoreReachable is False")
    uids["index"], uids["controller"] = uid(namespace, "si", "pictograms"), uid(namespace, "deployment", f"{RELEASE}-controller")
    namespace.run("wait", "--for=condition=Complete", "job/fill", "--timeout=60s")


@pytest.mark.timeout(400)
def test_one_command_until_a_search_is_answered(namespace: Kubectl, helm: Helm, uids: dict[str, str]) -> None:
    """Where only the restricted is let in, without a warning. It ends when the API is ready, while pictures may still be on their way."""
    warnings = helm.install(RELEASE, "searchindex", values(namespace.namespace))
    assert warnings == ""
    eventually(lambda: condition(namespace.get("si", "pictograms"), "Ready")[0] == "True", "Ready", seconds=240)
    status, found = eventually(lambda: (answer := ask("/search", QUERY))[0] == 200 and answer, "an answer through the ingress", seconds=60)
    assert (status, found["results"][0]["metadata"]["file_path"]) == (200, "twemoji/smileys-emotion/red-heart.png")
    assert ask(f"/images/{found['results'][0]['key']}")[0] == 200, "the picture itself, from its claim"
    kept = {"index": uid(namespace, "si", "pictograms"), "controller": uid(namespace, "deployment", f"{RELEASE}-controller")}
    assert kept == (uids or kept), "the upgrade made anew what was there"


@pytest.mark.timeout(120)
def test_every_part_is_used(namespace: Kubectl) -> None:
    """Redis answers the second time, and spans reach the collector."""
    eventually(
        lambda: ask("/search", QUERY)[1]["cached"], "an answer from Redis"
    )  # which is given 50 ms, and on a busy machine may miss it once
    assert ask("/health")[1]["redis_connected"]
    for number in range(100):  # one trace in twenty is kept
        ask("/search", {"query": f"cloud {number}"})
    eventually(lambda: '"spans":' in namespace.run("logs", f"deploy/{RELEASE}-otel-collector"), "spans", seconds=60)


@pytest.mark.timeout(200)
def test_helm_test_passes_and_leaves_nothing(namespace: Kubectl, helm: Helm) -> None:
    """Our own image, in the same restricted namespace."""
    helm.test(RELEASE)
    assert namespace.get("pod", f"{RELEASE}-smoke-test") is None


@pytest.mark.timeout(400)
def test_a_rotated_key_needs_no_restart(namespace: Kubectl, helm: Helm) -> None:
    """The kubelet brings the changed Secret into the pod, and the service reads it: the old key is refused, the new one opens."""
    (old, line), (new, other) = new_key("web", [KeyScope.SEARCH]), new_key("web", [KeyScope.SEARCH])
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "stringData": {"keys": f"{line}\n"}}
    namespace.apply(secret)
    helm.install(RELEASE, "searchindex", values(namespace.namespace, apiKeys={"existingSecret": "keys"}))
    eventually(lambda: len(api_pods(namespace)) == 1, "the pod that asked for no key is gone", seconds=90)
    eventually(lambda: ask("/search", QUERY)[0] == 401, "a key is asked for")
    eventually(lambda: ask("/search", QUERY, key=old)[0] == 200, "the old key opens")
    pods = {each["metadata"]["uid"] for each in api_pods(namespace)}
    namespace.apply({**secret, "stringData": {"keys": f"{other}\n"}})
    eventually(lambda: ask("/search", QUERY, key=new)[0] == 200, "the new key opens", seconds=180)
    assert ask("/search", QUERY, key=old)[0] == 401
    assert {each["metadata"]["uid"] for each in api_pods(namespace)} <= pods


@pytest.mark.timeout(200)
def test_uninstalling_leaves_only_what_was_to_stay(namespace: Kubectl, helm: Helm) -> None:
    """Qdrant's volumes, by `qdrant.persistence.whenDeleted: Retain`; and the SearchIndex, which is not the release's."""
    helm.uninstall(RELEASE)

    def left() -> set[str]:
        listed = namespace.run("get", OURS, "-l", f"app.kubernetes.io/instance={RELEASE}", "-o", "name").split()
        return set(listed)

    volumes = {f"persistentvolumeclaim/storage-{RELEASE}-qdrant-0", f"persistentvolumeclaim/snapshots-{RELEASE}-qdrant-0"}
    eventually(lambda: left() <= volumes, "nothing else is left", seconds=90)
    assert left() == volumes
    assert namespace.get("si", "pictograms") is not None
