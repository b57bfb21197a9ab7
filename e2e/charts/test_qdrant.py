"""The chart of Qdrant, alone on a cluster: three members that are one, and what becomes of data and searches when one is gone."""

import urllib.error
from collections.abc import Callable
from typing import Any

import pytest

from e2e.charts.helm import Helm
from e2e.charts.searcher import Searcher
from e2e.kubernetes.kubectl import Kubectl, eventually
from e2e.kubernetes.qdrant import Qdrant

CHART = "searchindex/charts/qdrant"
POINTS = 600
PATIENCE = 30  # seconds: a machine that is busy answers late, and that is not what is tested
SMALL = {
    "resources": {"requests": {"cpu": "20m", "memory": "128Mi"}, "limits": {"memory": "1Gi"}},
    "persistence": {"size": "1Gi", "whenDeleted": "Delete"},
    "snapshots": {"size": "1Gi"},
    "config": {"storage": {"wal": {"wal_capacity_mb": 1}}},
}
THREE = {**SMALL, "replicas": 3}

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def warnings(helm: Helm) -> str:
    """Of the first installation."""
    return helm.install("r", CHART, THREE)


@pytest.fixture
def qdrant(warnings: str, address: Callable[[str], str], secret: Callable[[str, str], str]) -> Qdrant:
    """Through the Service: now this member answers, now that one."""
    return Qdrant(address("r-qdrant"), key=secret("r-qdrant", "api-key"), timeout=PATIENCE)


@pytest.fixture
def photos(qdrant: Qdrant) -> str:
    """A collection of which each shard is there twice."""
    if qdrant.collection("photos") is None:
        qdrant.ask("PUT", "/collections/photos", {"vectors": {"size": 4, "distance": "Cosine"}, "shard_number": 3, "replication_factor": 2})
    if qdrant.count("photos") < POINTS:
        points = [{"id": number, "vector": [1.0, number / POINTS, 0.5, 0.1], "payload": {"n": number}} for number in range(POINTS)]
        qdrant.ask("PUT", "/collections/photos/points?wait=true", {"points": points})
    return "photos"


def members(kubectl: Kubectl, key: str, release: str = "r") -> list[Qdrant]:
    """Each by its own address."""
    pods = kubectl.list("pods", f"app.kubernetes.io/instance={release}")
    return [Qdrant(pod["status"]["podIP"], key=key, timeout=PATIENCE) for pod in pods if pod["status"].get("podIP")]


def whole(kubectl: Kubectl, key: str, count: int, release: str = "r") -> bool:
    """Whether so many members are ready, and each sees all of them and every shard of its own in order."""
    pods = kubectl.list("pods", f"app.kubernetes.io/instance={release}")
    ready = [each for pod in pods for each in pod["status"].get("containerStatuses", []) if each["ready"]]
    return len(ready) == count and all(in_order(member, count) for member in members(kubectl, key, release))


def in_order(member: Qdrant, count: int) -> bool:
    try:
        seen = member.ask("GET", "/cluster")
        shards = [shard for name in member.collections() for shard in shards_of(member, name)]
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False
    return len(seen["peers"]) == count and bool(seen["raft_info"]["leader"]) and all(shard["state"] == "Active" for shard in shards)


def shards_of(member: Qdrant, collection: str) -> list[dict[str, Any]]:
    seen = member.ask("GET", f"/collections/{collection}/cluster")
    return [*seen["local_shards"], *seen["remote_shards"]]


def holders(member: Qdrant, collection: str) -> dict[int, list[int]]:
    """Shard to the members that have it."""
    seen = member.ask("GET", f"/collections/{collection}/cluster")
    found: dict[int, list[int]] = {}
    for shard in [*seen["local_shards"], *seen["remote_shards"]]:
        found.setdefault(shard["shard_id"], []).append(shard.get("peer_id", seen["peer_id"]))
    return found


def copy_to(new: int, qdrant: Qdrant, collection: str) -> None:
    """What is there only once."""
    for shard, (source, *others) in holders(qdrant, collection).items():
        if not others:
            copied = {"shard_id": shard, "from_peer_id": source, "to_peer_id": new}
            qdrant.ask("POST", f"/collections/{collection}/cluster", {"replicate_shard": copied})


def removed(qdrant: Qdrant, peer: int) -> bool:
    """Asks for it; whether it is gone. While another change of members is under way, the cluster takes none."""
    try:
        if str(peer) in qdrant.ask("GET", "/cluster")["peers"]:
            qdrant.ask("DELETE", f"/cluster/peer/{peer}?force=true")
        return str(peer) not in qdrant.ask("GET", "/cluster")["peers"]
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False


def peer_of(qdrant: Qdrant, pod: str) -> int:
    peers = qdrant.ask("GET", "/cluster")["peers"]
    return next(int(number) for number, peer in peers.items() if f"//{pod}." in peer["uri"])


def counted(kubectl: Kubectl, key: str, collection: str) -> set[int]:
    """As every member counts."""
    return {member.count(collection) for member in members(kubectl, key)}


def test_it_is_installed_without_a_warning(warnings: str, namespace: Kubectl) -> None:
    """In a namespace that admits only what is restricted; all pods started at once, and none of them twice."""
    assert warnings == ""
    assert [pod["status"]["containerStatuses"][0]["restartCount"] for pod in namespace.list("pods")] == [0, 0, 0]


def test_three_members_are_one_cluster(qdrant: Qdrant, namespace: Kubectl) -> None:
    """Each knows all three, by the names that outlive their pods, and the same leader."""
    eventually(lambda: whole(namespace, qdrant.key, 3), "a whole cluster")
    seen = [member.ask("GET", "/cluster") for member in members(namespace, qdrant.key)]
    names = {f"http://r-qdrant-{ordinal}.r-qdrant-headless:6335/" for ordinal in range(3)}
    assert [{peer["uri"] for peer in each["peers"].values()} for each in seen] == [names] * 3
    assert len({each["raft_info"]["leader"] for each in seen}) == 1


def test_it_answers_with_the_key_only(qdrant: Qdrant) -> None:
    """Neither without one nor with another; probes excepted, which are told nothing."""
    for key in ("", "another"):
        with pytest.raises(urllib.error.HTTPError, match="401"):
            Qdrant(qdrant.host, key=key).ask("GET", "/collections")


def test_collections_get_the_defaults_of_the_chart(qdrant: Qdrant) -> None:
    """One shard for each member, each of them there twice."""
    qdrant.ask("PUT", "/collections/plain", {"vectors": {"size": 4, "distance": "Cosine"}})
    parameters = qdrant.collection("plain")["config"]["params"]
    assert (parameters["shard_number"], parameters["replication_factor"]) == (3, 2)


def test_searches_go_on_when_a_pod_is_deleted(qdrant: Qdrant, photos: str, namespace: Kubectl) -> None:
    """None is lost, and no point is: afterwards every member counts all of them."""
    with Searcher(qdrant, photos) as searcher:
        eventually(lambda: searcher.answered > 20, "searches that are answered")
        namespace.delete("pod", "r-qdrant-1")
        eventually(lambda: whole(namespace, qdrant.key, 3), "a whole cluster again", seconds=120)
    assert (searcher.lost, searcher.again) == ([], 0), f"{searcher.answered} answered"
    assert counted(namespace, qdrant.key, photos) == {POINTS}


def test_searches_go_on_when_a_pod_is_killed(qdrant: Qdrant, photos: str, namespace: Kubectl) -> None:
    """Whoever was with it asks again, and is answered. It is the leader that goes, the hardest case."""
    leader = qdrant.ask("GET", "/cluster")["raft_info"]["leader"]
    uri = qdrant.ask("GET", "/cluster")["peers"][str(leader)]["uri"]
    with Searcher(qdrant, photos) as searcher:
        eventually(lambda: searcher.answered > 20, "searches that are answered")
        namespace.delete("pod", uri.removeprefix("http://").partition(".")[0], wait=False, force=True)
        eventually(lambda: whole(namespace, qdrant.key, 3), "a whole cluster again", seconds=120)
    assert searcher.lost == [], f"{searcher.answered} answered, {searcher.again} asked again"
    assert counted(namespace, qdrant.key, photos) == {POINTS}


def test_a_cluster_that_was_stopped_starts_again(qdrant: Qdrant, photos: str, namespace: Kubectl) -> None:
    """None of its members is ready before most of them are there: they have to start together."""
    namespace.run("scale", "statefulset/r-qdrant", "--replicas=0")
    eventually(lambda: not namespace.list("pods", "app.kubernetes.io/instance=r"), "the end of all pods")
    namespace.run("scale", "statefulset/r-qdrant", "--replicas=3")
    eventually(lambda: whole(namespace, qdrant.key, 3), "a whole cluster again", seconds=120)
    assert counted(namespace, qdrant.key, photos) == {POINTS}


@pytest.mark.parametrize("ordinal", [2, 0])
def test_a_member_that_lost_its_volume_comes_back(qdrant: Qdrant, photos: str, namespace: Kubectl, ordinal: int) -> None:
    """Even the one that founded the cluster: once the old one is removed it is let in, and gets copies, as the chart's README says."""
    name = f"r-qdrant-{ordinal}"
    lost = peer_of(qdrant, name)
    namespace.run("delete", "pvc", f"storage-{name}", f"snapshots-{name}", "--wait=false")
    namespace.delete("pod", name)
    eventually(lambda: removed(qdrant, lost), "the end of the old one", seconds=90)
    eventually(lambda: whole(namespace, qdrant.key, 3), "a whole cluster again", seconds=150)
    new = peer_of(qdrant, name)
    assert new != lost
    for collection in qdrant.collections():
        copy_to(new, qdrant, collection)
        eventually(lambda collection=collection: set(map(len, holders(qdrant, collection).values())) == {2}, f"two copies of {collection}")
    eventually(lambda: whole(namespace, qdrant.key, 3), "all copies in order")
    assert counted(namespace, qdrant.key, photos) == {POINTS}


def test_a_snapshot_brings_back_what_was_deleted(qdrant: Qdrant, namespace: Kubectl) -> None:
    """It is put together and kept on the volume of snapshots, and recovered from there onto that of the collections."""
    member = members(namespace, qdrant.key)[0]
    member.ask("PUT", "/collections/kept", {"vectors": {"size": 4, "distance": "Cosine"}, "shard_number": 3, "replication_factor": 3})
    points = [{"id": number, "vector": [1.0, 0.1, 0.1, 0.1]} for number in range(50)]
    member.ask("PUT", "/collections/kept/points?wait=true", {"points": points})
    name = member.ask("POST", "/collections/kept/snapshots?wait=true")["name"]
    member.ask("POST", "/collections/kept/points/delete?wait=true", {"filter": {}})
    assert member.count("kept") == 0
    location = f"file:///qdrant/snapshots/kept/{name}"
    member.ask("PUT", "/collections/kept/snapshots/recover?wait=true", {"location": location, "priority": "snapshot"})
    eventually(lambda: counted(namespace, qdrant.key, "kept") == {50}, "all points, on all members")


def test_an_upgrade_keeps_the_key(helm: Helm, qdrant: Qdrant, secret: Callable[[str, str], str]) -> None:
    """It is made once: clients go on with theirs."""
    assert helm.install("r", CHART, {**THREE, "networkPolicy": {"enabled": False}}) == ""
    assert secret("r-qdrant", "api-key") == qdrant.key


def test_one_member_becomes_three_and_keeps_its_points(
    helm: Helm, namespace: Kubectl, address: Callable[[str], str], secret: Callable[[str, str], str]
) -> None:
    """Nothing has to be moved from one kind of storage to another."""
    helm.install("one", CHART, SMALL)
    single = Qdrant(address("one-qdrant"), key=secret("one-qdrant", "api-key"))
    single.ask("PUT", "/collections/early", {"vectors": {"size": 4, "distance": "Cosine"}})
    single.ask("PUT", "/collections/early/points?wait=true", {"points": [{"id": 1, "vector": [1.0, 0.0, 0.0, 0.0]}]})
    helm.install("one", CHART, THREE)
    eventually(lambda: whole(namespace, single.key, 3, release="one"), "a whole cluster")
    assert {member.count("early") for member in members(namespace, single.key, "one")} == {1}
