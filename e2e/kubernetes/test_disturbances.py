"""What a search does not need is killed, hung, or taken away, while searches come through the ingress: none of them fails."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from e2e.cluster.place import find_place
from e2e.cluster.processes import Processes
from e2e.kubernetes.kubectl import Kubectl, Manifest, condition, eventually
from e2e.kubernetes.searched import DEPLOYMENT, none_fails, searched, whole
from tests.faults.record import scaled

__all__ = ["searched"]  # a fixture
RATE = 20
HUNG = 20  # seconds
STOPPED = 35  # less than the 50 that a node may be silent: after longer Kubernetes itself takes its pods out of their Services for a moment
WAITING = ("VolumeUnavailable", "PodUnschedulable")
GPU: dict[str, object] = {"resources": {"limits": {"nvidia.com/gpu": 1}}}
PAUSE = 'REDISCLI_AUTH="$(cat /etc/redis-auth/*)" redis-cli client pause {milliseconds} all'


def controller_killed(kubectl: Kubectl) -> None:
    _killed(kubectl, "deployment/search-controller", "app.kubernetes.io/component=controller")


def cache_killed(kubectl: Kubectl) -> None:
    _killed(kubectl, "deployment/search-redis", "app.kubernetes.io/name=redis")


def cache_hung(kubectl: Kubectl) -> None:
    """It takes connections and answers nothing, a probe of its own neither."""
    kubectl.run("exec", "deployment/search-redis", "--", "sh", "-c", PAUSE.format(milliseconds=HUNG * 1000))
    time.sleep(HUNG + 5)


def gpu_absent(kubectl: Kubectl) -> None:
    """A pod that no node has room for waits, and says so; those that are there answer until it is taken back."""
    _never_ready(kubectl, GPU, {"Unschedulable"})


def gpu_advertised(kubectl: Kubectl) -> None:
    """Pods that ask for a GPU go where there is one, beside those that answer, and back again."""
    _own_api_server()
    _node_has_gpus(3)
    try:
        kubectl.run("patch", DEPLOYMENT, "-p", _changed(GPU))
        whole(kubectl, 2)
        kubectl.run("rollout", "undo", DEPLOYMENT)
        whole(kubectl, 2)
    finally:
        _node_has_gpus(0)


def _own_api_server() -> int:
    """Its process; elsewhere than in the project's own cluster nobody stops it, or tells a node that it has GPUs."""
    pid = Processes(find_place()).pid("apiserver")
    if pid is None:
        pytest.skip("this is done to the project's own cluster alone: python3 -m e2e.cluster up")
    return pid


def _node_has_gpus(number: int) -> None:
    subprocess.run([sys.executable, "-m", "e2e.cluster", "gpu", str(number)], check=True, timeout=60)


def image_absent(kubectl: Kubectl) -> None:
    """A pod whose image nobody has is not waited for by those that answer."""
    _never_ready(kubectl, {"image": "localhost/searchindex/none:0"}, {"ErrImagePull", "ImagePullBackOff"})


def _never_ready(kubectl: Kubectl, container: dict[str, object], reasons: set[str]) -> None:
    """`container`: what a new pod's is changed in, so that it waits for one of the reasons; then it is taken back."""
    kubectl.run("patch", DEPLOYMENT, "-p", _changed(container))
    eventually(lambda: _waiting(kubectl, reasons), f"a pod that waits: {reasons}", seconds=60)
    time.sleep(10)
    kubectl.run("rollout", "undo", DEPLOYMENT)
    whole(kubectl, 2)


def _changed(container: dict[str, object]) -> str:
    return json.dumps({"spec": {"template": {"spec": {"containers": [{"name": "api", **container}]}}}})


def _killed(kubectl: Kubectl, deployment: str, selector: str) -> None:
    """Without a word, and seen to be back."""
    pod = kubectl.list("pods", selector)[0]["metadata"]["name"]
    kubectl.delete("pod", pod, force=True)
    kubectl.run("rollout", "status", deployment, "--timeout=120s")


def _waiting(kubectl: Kubectl, reasons: set[str]) -> bool:
    """One of the API's pods is kept from running for one of the reasons."""
    found = [each.get("status") or {} for each in kubectl.list("pods", "app.kubernetes.io/component=api")]
    said = {each.get("reason") for status in found for each in status.get("conditions") or ()}
    said |= {state.get("reason") for status in found for each in status.get("containerStatuses") or () for state in each["state"].values()}
    return bool(said & reasons)


def revision_switched(kubectl: Kubectl) -> None:
    """Another layout of the vectors: all pictures indexed anew into a collection of its own, and the alias moved to it."""
    found = kubectl.get("si", "photos") or {}
    number, on_disk = _active(found), bool(found["spec"].get("vectors", {}).get("onDisk"))
    kept = {"revisionHistoryLimit": 0}  # or the collection before would be taken up again, as it is
    kubectl.merge("si", "photos", {"spec": {"vectors": {"onDisk": not on_disk}, "rollout": kept}})
    eventually(lambda: _active(kubectl.get("si", "photos") or {}) > number, "another revision behind the alias", seconds=240)


def claim_unbound(kubectl: Kubectl) -> None:
    """Another source, on a claim that no storage class serves: its indexing waits and says so, what is indexed is searched."""
    spec = {"storageClassName": "nobody-s", "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    kubectl.apply({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "unbound"}, "spec": spec})
    sources = (kubectl.get("si", "photos") or {})["spec"]["sources"]
    kubectl.merge("si", "photos", {"spec": {"sources": [*sources, {"name": "more", "pvc": {"claimName": "unbound"}}]}})
    eventually(lambda: condition(kubectl.get("si", "photos"), "Indexed")[1] in WAITING, "Indexed says that a volume is missing", seconds=60)
    kubectl.merge("si", "photos", {"spec": {"sources": sources}})
    eventually(lambda: _up_to_date(kubectl), "Ready without that source", seconds=120)
    kubectl.delete("pvc", "unbound")


def _active(index: Manifest) -> int:
    return int(((index.get("status") or {}).get("active") or {}).get("revision") or 0)


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("done", "case", "times"),
    [
        (controller_killed, "F-29", 1),
        (cache_killed, "F-39", 1),
        (cache_hung, "F-39", 1),
        (gpu_absent, "F-38", 1),
        (gpu_advertised, "F-38", 1),
        (image_absent, "F-38", 1),
        (claim_unbound, "F-38", 1),
        (revision_switched, "F-48", scaled(2)),
    ],
    ids=[
        "controller killed",
        "cache killed",
        "cache hung",
        "GPU absent",
        "GPU advertised",
        "image absent",
        "claim unbound",
        "revision switched",
    ],
)
def test_no_search_fails_meanwhile(searched: Kubectl, done: Callable[[Kubectl], None], case: str, times: int) -> None:
    """By a client that repeats none, all are answered, and each answer is a whole one with the right picture in it."""
    none_fails(searched, done, case=case, rate=RATE, times=times)


@pytest.mark.timeout(600)
def test_an_api_server_that_is_stopped_is_not_missed(searched: Kubectl) -> None:
    """F-31: for half a minute nobody can change the cluster; searches know nothing of it, and the controller is there afterwards."""
    pid = _own_api_server()
    none_fails(searched, lambda _: _stopped(pid), case="F-31", rate=RATE)
    whole(searched, 2)
    searched.merge("si", "photos", {"metadata": {"labels": {"seen": "again"}}, "spec": {"hnsw": {"m": 24}}})
    eventually(lambda: _up_to_date(searched), "the controller does what is asked afterwards", seconds=90)


def _stopped(pid: int) -> None:
    os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(STOPPED)
    finally:
        os.kill(pid, signal.SIGCONT)


def _up_to_date(kubectl: Kubectl) -> bool:
    found = kubectl.get("si", "photos") or {}
    return bool(found["status"].get("observedGeneration") == found["metadata"]["generation"]) and condition(found, "Ready")[0] == "True"
