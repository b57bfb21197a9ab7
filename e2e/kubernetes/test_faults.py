"""What goes wrong around a controller, and what it makes of it: fault cases F-24, F-30 to F-34 and F-38 on a real cluster and Qdrant."""

import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from e2e.kubernetes.api_proxy import ApiProxy
from e2e.kubernetes.controller_process import ControllerProcess
from e2e.kubernetes.indexes import STUB, quick, search_index
from e2e.kubernetes.kubectl import Kubectl, Manifest, condition, eventually
from e2e.kubernetes.qdrant import Qdrant
from tests.faults.record import record

Start = Callable[..., ControllerProcess]


@pytest.fixture(scope="module")
def proxy(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiProxy]:
    with ApiProxy(kubeconfig=Path(environment["KUBECONFIG"]), folder=tmp_path_factory.mktemp("proxy")) as running:
        yield running


@pytest.fixture(scope="module")
def start(namespace: Kubectl, proxy: ApiProxy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Controllers of the module's namespace."""
    folder, started = tmp_path_factory.mktemp("controllers"), list[ControllerProcess]()

    def begin(name: str = "controller", **settings: str) -> ControllerProcess:
        made = ControllerProcess(
            kubeconfig=proxy.plain_kubeconfig(), log=folder / f"{name}.log", namespaces=namespace.namespace, name=name, settings=settings
        )
        started.append(made)
        made.start()
        made.wait_ready()
        return made

    yield begin
    for each in started:
        each.stop()


@pytest.fixture(scope="module")
def controller(start: Start) -> ControllerProcess:
    return start(DELETE_TIMEOUT_SECONDS="5")


@pytest.fixture
def store(qdrant: str) -> Qdrant:
    return Qdrant(qdrant)


def ready(kubectl: Kubectl, name: str) -> Callable[[], bool]:
    return lambda: condition(kubectl.get("si", name), "Ready")[0] == "True"


def says(kubectl: Kubectl, name: str, wanted: str, reason: str) -> Callable[[], bool]:
    return lambda: condition(kubectl.get("si", name), wanted)[1] == reason


@pytest.fixture(scope="module")
def served(namespace: Kubectl, qdrant: str, controller: ControllerProcess) -> str:
    """An index that is Ready, for the faults that leave it so."""
    namespace.apply(search_index("served", host=qdrant, indexing=quick()))
    eventually(ready(namespace, "served"), "served is Ready")
    return "served"


def test_a_collection_that_vanishes_is_made_anew(namespace: Kubectl, store: Qdrant, served: str) -> None:
    """F-24: dropped behind the controller's back, it comes back filled, and Ready says so in between."""
    lost = store.aliases()[served]
    store.ask("DELETE", f"/collections/{lost}")
    eventually(lambda: store.aliases().get(served) not in {None, lost}, "another collection behind the alias", seconds=30)
    eventually(ready(namespace, served), "Ready again")
    record("F-24", cases=1, bad=0, measured="collection dropped by hand")


def test_settings_changed_behind_our_back_come_back(namespace: Kubectl, store: Qdrant, served: str) -> None:
    """F-24: drift is corrected within half a minute."""
    name = store.aliases()[served]
    store.ask("PATCH", f"/collections/{name}", {"hnsw_config": {"m": 40}})
    eventually(lambda: store.collection(name)["config"]["hnsw_config"]["m"] == 16, "m is 16 again", seconds=30)
    store.ask("DELETE", f"/collections/{name}/index/category?wait=true")
    eventually(lambda: "category" in store.collection(name)["payload_schema"], "the payload index is back", seconds=30)
    store.ask("POST", "/collections/aliases", {"actions": [{"delete_alias": {"alias_name": served}}]})
    eventually(lambda: store.aliases().get(served) is not None, "the alias is back", seconds=30)
    eventually(ready(namespace, served), "Ready")
    record("F-24", cases=3, bad=0, measured="HNSW, payload index and alias changed by hand")


@pytest.mark.parametrize("child", ["job", "pod"])
def test_a_child_that_is_deleted_comes_back(namespace: Kubectl, qdrant: str, controller: ControllerProcess, child: str) -> None:
    """F-34: a Job or pod removed in mid-run is replaced, and the run ends well."""
    name = f"orphaned-{child}"
    namespace.apply(search_index(name, host=qdrant, indexing=quick("sleep 4")))
    kind, selector = f"{child}s", f"searchindex.dev/index={name}"
    first = eventually(lambda: namespace.list(kind, selector), f"a {child}")[0]["metadata"]
    namespace.delete(child, first["name"], force=child == "pod", wait=False)
    eventually(lambda: [each for each in namespace.list(kind, selector) if each["metadata"]["uid"] != first["uid"]], f"another {child}")
    eventually(ready(namespace, name), "Ready")
    record("F-34", cases=1, bad=0, measured=f"{child} deleted in mid-run")


def test_a_user_s_labels_on_a_child_stay(namespace: Kubectl, qdrant: str, controller: ControllerProcess) -> None:
    """F-34: server-side apply touches only what is ours."""
    namespace.apply(search_index("labelled", host=qdrant, indexing=quick("sleep 6", shards=2)))
    job = eventually(lambda: namespace.list("jobs", "searchindex.dev/index=labelled"), "a Job")[0]["metadata"]["name"]
    namespace.run("label", "job", job, "team=search")
    namespace.run("scale", "si/labelled", "--replicas=2")
    eventually(lambda: (namespace.get("job", job) or {})["spec"]["parallelism"] == 2, "two pods at a time")
    assert (namespace.get("job", job) or {})["metadata"]["labels"]["team"] == "search"
    eventually(ready(namespace, "labelled"), "Ready")
    record("F-34", cases=1, bad=0, measured="foreign label kept while the Job is changed")


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "gpu-missing": ({"indexing": quick(gpu=1)}, "PodUnschedulable"),
    "image-missing": ({"indexing": {**quick(), "image": "localhost/no/such:image"}}, "ImageUnavailable"),
    "claim-missing": ({"sources": [{"name": "photos", "pvc": {"claimName": "nowhere"}}], "indexing": quick()}, "VolumeUnavailable"),
    "bad-configuration": ({"indexing": quick("exit 3")}, "BadConfiguration"),
    "crashing": ({"indexing": quick("exit 1", backoffLimitPerIndex=0)}, "JobFailed"),
    "too-slow": ({"indexing": quick("sleep 60", activeDeadlineSeconds=2)}, "DeadlineExceeded"),
    "secret-missing": ({"indexing": quick(env=({"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "nowhere", "key": "k"}}},))},
        "PodConfigurationError"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_why_a_pod_does_not_run_is_said_and_an_edit_is_enough(
    namespace: Kubectl, qdrant: str, controller: ControllerProcess, case: str
) -> None:
    """F-38: a reason in the conditions, and a correct spec makes the index Ready without any other hand."""
    change, reason = BROKEN[case]
    namespace.apply(search_index(case, host=qdrant, **change))
    eventually(says(namespace, case, "Indexed", reason), f"Indexed says {reason}", seconds=45)
    namespace.apply(search_index(case, host=qdrant, indexing=quick()))
    eventually(ready(namespace, case), "Ready once the spec is right", seconds=45)
    namespace.delete("si", case)
    record("F-38", cases=1, bad=0, measured=case)


def test_the_older_claimant_has_the_name(namespace: Kubectl, qdrant: str, controller: ControllerProcess) -> None:
    """Two SearchIndexes with one collectionName: the younger waits, and takes over when the older is gone with its collection."""
    namespace.apply(search_index("older", host=qdrant, collectionName="shared", reclaimPolicy="Delete", indexing=quick()))
    eventually(ready(namespace, "older"), "the older is Ready")
    namespace.apply(search_index("younger", host=qdrant, collectionName="shared", indexing=quick()))
    eventually(says(namespace, "younger", "Ready", "CollectionConflict"), "the younger waits")
    assert condition(namespace.get("si", "older"), "Ready")[0] == "True"
    namespace.delete("si", "older")
    eventually(lambda: condition(namespace.get("si", "younger"), "CollectionReady")[1] != "CollectionConflict", "the younger goes on")


def test_two_controllers_are_one(namespace: Kubectl, qdrant: str, controller: ControllerProcess, start: Start, proxy: ApiProxy) -> None:
    """F-33: the second one writes nothing while the first holds the Lease, and takes over when that one ends."""
    second = start("second")
    namespace.apply(search_index("twice", host=qdrant, indexing=quick()))
    eventually(ready(namespace, "twice"), "Ready")
    assert len(namespace.list("jobs", "searchindex.dev/index=twice")) == 1
    assert "searchindex_controller_reconcile_total{" not in second.ask("/metrics")
    assert controller.stop() == 0
    namespace.apply(search_index("handed-over", host=qdrant, indexing=quick()))
    eventually(ready(namespace, "handed-over"), "the second goes on")
    assert second.stop() == 0
    controller.start()
    controller.wait_ready()
    record("F-33", cases=1, bad=0, measured="handed over by the Lease")


def test_an_api_server_that_is_away_is_waited_for(namespace: Kubectl, qdrant: str, controller: ControllerProcess, proxy: ApiProxy) -> None:
    """F-31: no crash, and what changed meanwhile is done once it is back."""
    eventually(lambda: 'reconcile_total{result="done"}' in controller.ask("/metrics"), "its watches have begun")
    pid = controller.pid
    proxy.down.set()
    time.sleep(20)
    assert controller.ask("/healthz") == "ok"
    namespace.apply(search_index("meanwhile", host=qdrant, indexing=quick()))
    proxy.down.clear()
    eventually(ready(namespace, "meanwhile"), "what came meanwhile", seconds=70)
    assert controller.pid == pid
    assert controller.running
    record("F-31", cases=1, bad=0, measured="20 s without the API server")


def test_a_namespace_goes_with_the_indexes_in_it(kubectl: Kubectl, qdrant: str, start: Start) -> None:
    """F-30: the whole namespace deleted while no run goes on: nothing holds it, and a policy of Delete takes the collection along."""
    name, store = f"e2e-goes-{uuid.uuid4().hex[:6]}", Qdrant(qdrant)
    kubectl.run("create", "namespace", name)
    within, going = kubectl.within(name), start("going", WATCH_NAMESPACES=name, POD_NAMESPACE="default")  # its Lease stays
    taken = search_index("taken", host=qdrant, reclaimPolicy="Delete", indexing=quick())
    within.apply(STUB, taken, search_index("left", host=qdrant, indexing=quick()))
    eventually(lambda: ready(within, "taken")() and ready(within, "left")(), "Ready")
    collections = {each: (within.get("si", each) or {})["status"]["active"]["collection"] for each in ("taken", "left")}
    kubectl.run("delete", "namespace", name, "--wait=false")
    eventually(lambda: kubectl.get("namespace", name) is None, "the namespace is gone", seconds=90)
    assert collections["taken"] not in store.collections()
    assert collections["left"] in store.collections()
    assert going.stop() == 0
    record("F-30", cases=1, bad=0, measured="namespace deleted")


def test_a_store_that_is_away_is_said_and_waited_for(namespace: Kubectl, qdrant: str, served: str) -> None:
    """Qdrant killed and back: the status says so both times, and nothing is made anew."""
    before = namespace.get("si", served)
    namespace.delete("pod", "qdrant", force=True)
    eventually(says(namespace, served, "Ready", "StoreUnreachable"), "the store is away", seconds=60)
    status = (namespace.get("si", served) or {})["status"]
    assert status["active"]["collection"] == (before or {})["status"]["active"]["collection"]


def test_deletion_does_not_hang_without_the_store(namespace: Kubectl, qdrant: str, controller: ControllerProcess) -> None:
    """F-30: a SearchIndex with Delete whose store is gone is let go, and an Event says what stays."""
    namespace.apply(search_index("hopeless", host="no-such-host", reclaimPolicy="Delete"))
    eventually(lambda: _finalizers(namespace.get("si", "hopeless")), "the finalizer")
    namespace.delete("si", "hopeless", wait=False)
    eventually(lambda: namespace.get("si", "hopeless") is None, "gone", seconds=40)
    events = [each["reason"] for each in namespace.list("events") if each["involvedObject"]["name"] == "hopeless"]
    assert "CollectionLeftBehind" in events
    record("F-30", cases=1, bad=0, measured="store gone")


def test_retain_needs_no_controller_to_go(namespace: Kubectl, qdrant: str, controller: ControllerProcess) -> None:
    """F-30: with the controller uninstalled first, a resource with the default policy still goes at once."""
    assert controller.stop() == 0
    namespace.delete("si", "served")
    assert namespace.get("si", "served") is None
    record("F-30", cases=1, bad=0, measured="controller uninstalled first")


def _finalizers(index: Manifest | None) -> list[str]:
    return list((index or {}).get("metadata", {}).get("finalizers") or [])
