"""The chart of Qdrant: one server, or a real cluster of them."""

import base64
import os
import socket
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.charts.render import Manifest, Refused, notes, only, pod_of, render

TLS = {"enabled": True, "existingSecret": "certificate"}


def rendered(**values: object) -> list[Manifest]:
    return render("searchindex/charts/qdrant", values)


def stateful(**values: object) -> Manifest:
    return only(rendered(**values), "StatefulSet")


def container(**values: object) -> Manifest:
    found: Manifest = pod_of(stateful(**values))["containers"][0]
    return found


def configuration(**values: object) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(only(rendered(**values), "ConfigMap")["data"]["qdrant.yaml"])
    return found


def started(folder: Path, pod: str, *, listening: dict[str, int] | None = None, tries: int = 0, **values: object) -> list[str]:
    """The words with which Qdrant is started in a pod of that name: the chart's script is run. `listening`: host to port, on loopback."""
    script = only(rendered(**values), "ConfigMap")["data"]["start.sh"].replace("tries=30", f"tries={tries}")
    for host, port in (listening or {}).items():
        script = script.replace('$(host "$1")/6335', f'$(host "$1" | sed s/{host}.*/127.0.0.1/)/{port}')
    (folder / "start.sh").write_text(script)
    (folder / "entrypoint.sh").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    (folder / "entrypoint.sh").chmod(0o755)
    command = ["/bin/sh", "start.sh"]
    environment = {"POD_NAME": pod, "PATH": os.environ["PATH"]}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)  # noqa: S603  # the script under test
    return done.stdout.split()


def test_the_first_pod_founds_the_cluster(tmp_path: Path) -> None:
    """It has an address for others, and nobody to join."""
    words = "--config-path /etc/qdrant/qdrant.yaml --uri http://r-qdrant-0.r-qdrant-headless:6335"
    assert started(tmp_path, "r-qdrant-0", replicas=3) == words.split()


@pytest.mark.parametrize("ordinal", [1, 2, 10])
def test_the_others_join_through_the_first(tmp_path: Path, ordinal: int) -> None:
    """Each by its own name in the headless Service; 10 is not 0."""
    assert started(tmp_path, f"r-qdrant-{ordinal}", replicas=11)[2:] == [
        "--uri",
        f"http://r-qdrant-{ordinal}.r-qdrant-headless:6335",
        "--bootstrap",
        "http://r-qdrant-0.r-qdrant-headless:6335",
    ]


@pytest.mark.parametrize("ordinal", [0, 1])
def test_whoever_is_new_joins_through_a_member_that_listens(tmp_path: Path, ordinal: int) -> None:
    """The first pod too: with an empty volume it would else found a second cluster beside the one that is there."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        words = started(tmp_path, f"r-qdrant-{ordinal}", replicas=3, listening={"r-qdrant-2": server.getsockname()[1]})
    assert words[-2:] == ["--bootstrap", "http://r-qdrant-2.r-qdrant-headless:6335"]


def test_whoever_is_new_waits_for_the_first(tmp_path: Path) -> None:
    """All pods start together: without waiting, the others would fail until the first one listens, and start again and again."""
    with socket.socket() as first:
        first.bind(("127.0.0.1", 0))
        timer = threading.Timer(1, first.listen)
        timer.start()
        words = started(tmp_path, "r-qdrant-1", replicas=3, listening={"r-qdrant-0": first.getsockname()[1]}, tries=30)
        assert not timer.is_alive(), "it did not wait"
    assert words[-2:] == ["--bootstrap", "http://r-qdrant-0.r-qdrant-headless:6335"]


def test_more_members_restart_none() -> None:
    """The pods' template is the same for three and for five."""
    three, five = (stateful(replicas=count)["spec"]["template"] for count in (3, 5))
    assert three == five


def test_members_can_speak_tls_with_one_another(tmp_path: Path) -> None:
    """Then their addresses say so."""
    words = started(tmp_path, "r-qdrant-1", tls=TLS | {"betweenPeers": True})
    assert [word for word in words if "://" in word and not word.startswith("https://")] == []
    assert configuration(tls=TLS | {"betweenPeers": True})["cluster"]["p2p"]["enable_tls"] is True


def test_members_find_one_another_before_they_are_ready() -> None:
    """Their Service has no address of its own, and names all of them; the StatefulSet starts them together."""
    headless = only(rendered(), "Service", "r-qdrant-headless")["spec"]
    assert (headless["clusterIP"], headless["publishNotReadyAddresses"]) == ("None", True)
    spec = stateful(replicas=3)["spec"]
    assert (spec["replicas"], spec["serviceName"], spec["podManagementPolicy"]) == (3, "r-qdrant-headless", "Parallel")
    assert container()["command"] == ["/bin/sh", "/etc/qdrant/start.sh"]


def test_a_single_one_is_a_cluster_too() -> None:
    """So that more can come later without another kind of storage."""
    assert configuration()["cluster"]["enabled"] is True


@pytest.mark.parametrize(("replicas", "copies"), [(1, 1), (2, 2), (3, 2)])
def test_each_shard_is_there_twice_where_there_are_two(replicas: int, copies: int) -> None:
    """The default for collections that say nothing themselves."""
    assert configuration(replicas=replicas)["storage"]["collection"]["replication_factor"] == copies


def test_defaults_of_collections_can_be_said() -> None:
    """Shards, copies, and how many must have a change."""
    said = {"shardsPerNode": 2, "replicationFactor": 3, "writeConsistencyFactor": 2}
    assert configuration(replicas=3, collections=said)["storage"]["collection"] == {
        "shard_number_per_node": 2,
        "replication_factor": 3,
        "write_consistency_factor": 2,
    }


def test_optimizers_leave_room_for_searches() -> None:
    """One thread, unless more are given."""
    assert configuration()["storage"]["performance"]["optimizer_cpu_budget"] == 1
    assert configuration(optimizerThreads=4)["storage"]["performance"]["optimizer_cpu_budget"] == 4


def test_more_configuration_is_laid_over() -> None:
    """And leaves alone what it does not name. Nothing is told to Qdrant's makers."""
    found = configuration(config={"storage": {"performance": {"max_search_threads": 3}}})
    assert found["storage"]["performance"] == {"optimizer_cpu_budget": 1, "max_search_threads": 3}
    assert found["telemetry_disabled"] is True


def test_the_key_is_made_once_and_asked_for() -> None:
    """Forty characters, from the Secret that the contract names."""
    secret = only(rendered(), "Secret", "r-qdrant")
    assert len(base64.b64decode(secret["data"]["api-key"])) == 40
    given = next(each for each in container()["env"] if each["name"] == "QDRANT__SERVICE__API_KEY")
    assert given["valueFrom"]["secretKeyRef"] == {"name": "r-qdrant", "key": "api-key"}


def test_a_secret_that_is_there_is_used_instead() -> None:
    """None is made then. Without a key there is neither."""
    auth = {"existingSecret": "mine", "existingSecretKey": "key.txt"}
    given = next(each for each in container(auth=auth)["env"] if each["name"] == "QDRANT__SERVICE__API_KEY")
    assert given["valueFrom"]["secretKeyRef"] == {"name": "mine", "key": "key.txt"}
    assert [each for each in rendered(auth=auth) if each["kind"] == "Secret"] == []
    open_to_all = rendered(auth={"enabled": False})
    assert [each for each in open_to_all if each["kind"] == "Secret"] == []
    assert "API_KEY" not in str(open_to_all)


def test_probes_need_no_key_and_ask_the_right_question() -> None:
    """Starting and living do not depend on other members; being ready does. The first load may take ten minutes."""
    found = container()
    paths = {name: found[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "readiness", "liveness")}
    assert paths == {"startup": "/healthz", "readiness": "/readyz", "liveness": "/healthz"}
    assert found["startupProbe"]["periodSeconds"] * found["startupProbe"]["failureThreshold"] == 600
    assert {each["httpGet"]["scheme"] for name, each in container(tls=TLS).items() if name.endswith("Probe")} == {"HTTPS"}


def test_tls_comes_from_a_secret() -> None:
    """Mounted for its reader alone; nothing is mounted where there is none."""
    pod = pod_of(stateful(tls=TLS))
    volume = next(each for each in pod["volumes"] if each["name"] == "tls")
    assert volume["secret"] == {"secretName": "certificate", "defaultMode": 0o440}
    assert configuration(tls=TLS)["service"]["enable_tls"] is True
    assert configuration(tls=TLS)["tls"]["cert"] == "/etc/qdrant-tls/tls.crt"
    assert "tls" not in [each["name"] for each in pod_of(stateful())["volumes"]]


def test_collections_and_snapshots_lie_on_volumes_of_their_own() -> None:
    """Both stay when the release goes, unless that is said otherwise; sizes and classes can be said."""
    spec = stateful(persistence={"size": "50Gi", "storageClass": "fast"}, snapshots={"size": "5Gi"})["spec"]
    claims = {each["metadata"]["name"]: each["spec"] for each in spec["volumeClaimTemplates"]}
    assert {name: claim["resources"]["requests"]["storage"] for name, claim in claims.items()} == {"storage": "50Gi", "snapshots": "5Gi"}
    assert (claims["storage"]["storageClassName"], "storageClassName" in claims["snapshots"]) == ("fast", False)
    assert spec["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    paths = {each["name"]: each["mountPath"] for each in container()["volumeMounts"]}
    said = configuration()["storage"]
    assert (paths["storage"], paths["snapshots"]) == (said["storage_path"], said["snapshots_path"])
    assert said["temp_path"].startswith(f"{said['snapshots_path']}/")


def test_without_volumes_the_folders_can_still_be_written() -> None:
    """The root filesystem cannot: emptyDirs take their place."""
    made = stateful(persistence={"enabled": False}, snapshots={"enabled": False})
    assert "volumeClaimTemplates" not in made["spec"]
    assert {each["name"] for each in pod_of(made)["volumes"] if "emptyDir" in each} == {"storage", "snapshots", "tmp"}


def test_a_member_leaves_in_peace() -> None:
    """It waits until nobody is sent to it any more; by a command, where Kubernetes cannot wait itself. A drain takes one at a time."""
    assert container()["lifecycle"]["preStop"] == {"sleep": {"seconds": 3}}
    older = pod_of(only(render("searchindex/charts/qdrant", kubernetes="1.29.0"), "StatefulSet"))["containers"][0]
    assert older["lifecycle"]["preStop"] == {"exec": {"command": ["sleep", "3"]}}
    assert only(rendered(replicas=3), "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1
    assert [each for each in rendered() if each["kind"] == "PodDisruptionBudget"] == []


def test_members_are_spread() -> None:
    """Over zones and nodes, counting this release's members and no others."""
    spread = pod_of(stateful())["topologySpreadConstraints"]
    assert [each["topologyKey"] for each in spread] == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]
    assert [each["labelSelector"] for each in spread] == [stateful()["spec"]["selector"]] * 2


def test_members_reach_one_another_and_a_scraper_only_the_metrics() -> None:
    """6335 for what they agree on, 6333 for shards; a scraper gets 6333, a client 6334 too."""
    scrapers = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]
    policy = only(rendered(networkPolicy={"scrapers": scrapers}), "NetworkPolicy")["spec"]
    ports = [[port["port"] for port in rule["ports"]] for rule in policy["ingress"]]
    assert ports == [["http", "p2p"], ["http", "grpc"], ["http"]]
    assert policy["ingress"][2]["from"] == scrapers
    assert policy["egress"][0]["to"] == [{"podSelector": policy["podSelector"]}]


def test_six_gigabytes_are_the_limit_until_it_is_sized() -> None:
    """As the one-machine stack has it."""
    assert container()["resources"]["limits"] == {"memory": "6Gi"}


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"collections": {"replicationFactor": 2}}, "replicationFactor is 2, and there are 1 members: raise replicas, or lower it"),
        ({"collections": {"writeConsistencyFactor": 2}}, "writeConsistencyFactor is 2, and each shard is there 1 times"),
        ({"tls": {"enabled": True}}, "name its Secret in tls.existingSecret"),
        ({"tls": {"betweenPeers": True}}, "tls.betweenPeers is set, and tls.enabled is not"),
        ({"auth": {"enabled": False, "existingSecret": "mine"}}, "auth.enabled is false: set it to true, or leave the Secret out"),
        ({"config": {"service": {"api_key": "secret"}}}, "config.service.api_key is not for config"),
        ({"config": {"cluster": {"enabled": False}}}, "config.cluster.enabled is not for config"),
        ({"config": {"storage": {"storage_path": "/"}}}, "config.storage.storage_path is not for config"),
    ],
)
def test_what_contradicts_itself_is_refused_with_a_sentence(values: dict[str, object], sentence: str) -> None:
    """Before anything is installed."""
    with pytest.raises(Refused) as refused:
        rendered(**values)
    assert sentence in str(refused.value)


def test_notes_say_how_to_reach_it_and_what_is_risky() -> None:
    """Where it is, how to read its key; and warnings where data or access are at risk."""
    said = notes(
        "searchindex/charts/qdrant", {"replicas": 2, "tls": TLS, "auth": {"existingSecret": "mine", "existingSecretKey": "key.txt"}}
    )
    assert "https://r-qdrant.ns:6333" in said
    assert r"get secret mine -o jsonpath='{.data.key\.txt}'" in said
    assert "Take 1 or 3" in said
    careless = notes("searchindex/charts/qdrant", {"auth": {"enabled": False}, "persistence": {"enabled": False}})
    assert careless.count("WARNING") == 2
    assert "WARNING" not in notes("searchindex/charts/qdrant")
