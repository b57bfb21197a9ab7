"""What the charts of Qdrant, Redis and the collector have in common: names, images, hardening, closed doors."""

from typing import Any

import pytest

from tests.charts.render import Manifest, Refused, only, pod_of, render

PARTS = {"qdrant": "StatefulSet", "redis": "Deployment", "otel-collector": "Deployment"}
IMAGES = {
    "qdrant": "docker.io/qdrant/qdrant:v1.16.3",
    "redis": "docker.io/library/redis:7.0.15",
    "otel-collector": "docker.io/otel/opentelemetry-collector-contrib:0.161.0",
}
DIGEST = f"sha256:{'0' * 64}"
PLACEMENT: dict[str, Any] = {
    "nodeSelector": {"disk": "fast"},
    "tolerations": [{"key": "only", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
    "priorityClassName": "high",
}

pytestmark = pytest.mark.parametrize("part", PARTS)


def rendered(part: str, **values: object) -> list[Manifest]:
    return render(f"searchindex/charts/{part}", values)


def workload(part: str, **values: object) -> Manifest:
    return only(rendered(part, **values), PARTS[part], f"r-{part}")


def container(part: str, **values: object) -> Manifest:
    listed = pod_of(workload(part, **values))["containers"]
    assert len(listed) == 1
    found: Manifest = listed[0]
    return found


def test_everything_is_named_after_the_release(part: str) -> None:
    """What another chart finds by name is there: Services, Secrets; all labelled, in the release's namespace."""
    for each in rendered(part):
        metadata = each["metadata"]
        assert metadata["name"].startswith(f"r-{part}"), metadata
        assert metadata["namespace"] == "ns"
        assert metadata["labels"].items() >= {"app.kubernetes.io/name": part, "app.kubernetes.io/instance": "r"}.items()
    selector = only(rendered(part), "Service", f"r-{part}")["spec"]["selector"]
    assert selector == {"app.kubernetes.io/name": part, "app.kubernetes.io/instance": "r"}
    assert selector.items() <= workload(part)["spec"]["template"]["metadata"]["labels"].items()


def test_pods_are_restricted_without_a_value_set(part: str) -> None:
    """All that the restricted Pod Security Standard asks for, a root filesystem nobody writes to, no token, no variables of Services."""
    pod = pod_of(workload(part))
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    assert container(part)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()


def test_a_pod_has_bounds_and_is_looked_after(part: str) -> None:
    """A limit of memory, and a probe for each question: has it begun, does it serve, does it live."""
    found = container(part)
    assert "memory" in found["resources"]["limits"]
    assert {"startupProbe", "readinessProbe", "livenessProbe"} <= found.keys()
    startup = found["startupProbe"]
    assert startup["periodSeconds"] * startup["failureThreshold"] >= 60


def test_images_are_those_that_are_tested(part: str) -> None:
    """The version is the chart's appVersion; registry, mirror, tag and digest can be said."""
    assert container(part)["image"] == IMAGES[part]
    repository, tag = IMAGES[part].removeprefix("docker.io/").split(":")
    assert container(part, image={"registry": "mine"})["image"] == f"mine/{repository}:{tag}"
    mirrored = container(part, image={"registry": "mine", "tag": "next"}, **{"global": {"imageRegistry": "mirror/it"}})
    assert mirrored["image"] == f"mirror/it/{repository}:next"
    assert container(part, image={"digest": DIGEST, "tag": "next"})["image"] == f"docker.io/{repository}@{DIGEST}"


def test_secrets_for_pulling_come_from_the_chart_and_from_around_it(part: str) -> None:
    """Both lists count."""
    pod = pod_of(workload(part, imagePullSecrets=[{"name": "own"}], **{"global": {"imagePullSecrets": [{"name": "shared"}]}}))
    assert pod["imagePullSecrets"] == [{"name": "shared"}, {"name": "own"}]
    assert "imagePullSecrets" not in pod_of(workload(part))


def test_where_pods_are_put_can_be_said(part: str) -> None:
    """Placement is passed on as it is."""
    assert pod_of(workload(part, **PLACEMENT)).items() >= PLACEMENT.items()


def test_labels_of_ones_own_never_change_what_the_service_selects(part: str) -> None:
    """Those of podLabels are added; the selector's stay as they are. Annotations are added too."""
    labels = {"team": "search", "app.kubernetes.io/name": "other"}
    made = workload(part, podLabels=labels, podAnnotations={"note": "x"})["spec"]["template"]["metadata"]
    assert made["labels"] == {"team": "search", "app.kubernetes.io/name": part, "app.kubernetes.io/instance": "r"}
    assert made["annotations"]["note"] == "x"


def test_only_named_peers_come_in(part: str) -> None:
    """The policy selects the pods, closes both directions, and opens what is named: the release's own programs by default."""
    policy = only(rendered(part), "NetworkPolicy")["spec"]
    assert policy["podSelector"]["matchLabels"] == {"app.kubernetes.io/name": part, "app.kubernetes.io/instance": "r"}
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert all(rule.get("from") for rule in policy["ingress"]), "a rule without peers is open to everybody"
    peers = [peer["podSelector"]["matchLabels"]["app.kubernetes.io/name"] for rule in policy["ingress"] for peer in rule["from"]]
    assert set(peers) <= {"searchindex", part}


def test_no_peers_are_nobody(part: str) -> None:
    """An empty list closes; it must never become a rule that lets everybody in."""
    nobody = {"clients": []} if part == "redis" else {"clients": [], "scrapers": []}
    policy = only(rendered(part, networkPolicy=nobody), "NetworkPolicy")["spec"]
    strangers = [rule for rule in policy.get("ingress", []) if rule["from"] != [{"podSelector": policy["podSelector"]}]]
    assert strangers == []
    assert [each for each in rendered(part, networkPolicy={"enabled": False}) if each["kind"] == "NetworkPolicy"] == []


def test_a_changed_configuration_makes_new_pods(part: str) -> None:
    """A ConfigMap alone restarts nothing: its digest is on the pods. What is not configuration changes no digest."""
    line = {"extraConfig": "timeout 60"} if part == "redis" else {"config": {"new": 1}}
    digests = [
        workload(part, **values)["spec"]["template"]["metadata"]["annotations"]["checksum/configuration"]
        for values in ({}, {"podLabels": {"a": "b"}}, line)
    ]
    assert digests[0] == digests[1] != digests[2]


def test_a_release_with_too_long_a_name_is_refused(part: str) -> None:
    """Cutting names would let two releases meet; the sentence says how long one may be."""
    longest = {"qdrant": 45, "redis": 53, "otel-collector": 48}[part]  # helm itself allows 53
    names = [each["metadata"]["name"] for each in render(f"searchindex/charts/{part}", release="r" * longest)]
    assert max(len(name) for name in names) <= 63
    if longest < 53:
        with pytest.raises(Refused, match=f"has {longest + 1} characters: .* at most {longest}"):
            render(f"searchindex/charts/{part}", release="r" * (longest + 1))
