"""Every installation that the chart is tried with is what Kubernetes takes, restricted, and complete in itself."""

from collections import Counter
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.charts.render import CHARTS, Manifest, only, render
from tests.charts.scenarios import FILES, pods, rendered

# Resources of others have no schema here; e2e/charts asks an API server where theirs are installed.
FOREIGN = ("keda.sh", "gateway.networking.k8s.io", "monitoring.coreos.com")
SCENARIOS = pytest.mark.parametrize("scenario", FILES)
VERSIONS = ["1.29.0", "1.34.4", "1.37.0"]
WHERE = [(name, version) for name in FILES for version in VERSIONS if (name, version) != ("image-volume", "1.29.0")]  # has none


def named(manifest: Manifest) -> str:
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


def test_there_are_enough() -> None:
    """Each says in its first line what it is; the smallest sets nothing at all."""
    assert len(FILES) >= 12
    for file in FILES.values():
        assert file.read_text("utf-8").startswith("# "), file.name
    assert yaml.safe_load(FILES["minimal"].read_text("utf-8")) == {}


@pytest.mark.parametrize(("scenario", "kubernetes"), WHERE)
def test_every_manifest_is_what_kubernetes_takes(scenario: str, kubernetes: str) -> None:
    """By Kubernetes' own schemas, without a field that it does not know; from the oldest version that the chart promises on."""
    version = ".".join(kubernetes.split(".")[:2])
    for manifest in rendered(scenario, kubernetes=kubernetes):
        if not manifest["apiVersion"].startswith(FOREIGN):
            kubernetes_validate.validate(manifest, version, strict=True)


@SCENARIOS
def test_every_object_is_the_releases_own(scenario: str) -> None:
    """No two have one name, all are of the release's namespace and carry its labels, and none of them is a SearchIndex."""
    manifests = rendered(scenario)
    assert max(Counter(map(named, manifests)).values()) == 1
    for manifest in manifests:
        labels = manifest["metadata"]["labels"]
        assert labels["app.kubernetes.io/instance"] == "r", named(manifest)
        assert labels["app.kubernetes.io/managed-by"] == "Helm", named(manifest)
        assert manifest["metadata"].get("namespace", "ns") in {"ns", "search"} or manifest["kind"].startswith("ClusterRole")
    assert all(manifest["kind"] != "SearchIndex" for manifest in manifests)


@SCENARIOS
def test_every_pod_is_restricted(scenario: str) -> None:
    """The restricted Pod Security Standard, a root filesystem that cannot be written, and no token but the controller's."""
    for name, pod in pods(rendered(scenario)):
        security = pod["securityContext"]
        assert (security["runAsNonRoot"], security["seccompProfile"]) == (True, {"type": "RuntimeDefault"}), name
        assert security["runAsUser"] > 0, name
        assert pod["enableServiceLinks"] is False, name
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys(), name
        for container in (*pod.get("initContainers", []), *pod["containers"]):
            own = container["securityContext"]
            assert (own["allowPrivilegeEscalation"], own["readOnlyRootFilesystem"]) == (False, True), name
            assert own["capabilities"] == {"drop": ["ALL"]}, name
            assert "memory" in container["resources"]["limits"], name
            assert "hostPort" not in str(container.get("ports")), name
        if name != "Deployment/r-controller":
            assert pod["automountServiceAccountToken"] is False, name


@SCENARIOS
def test_every_pod_is_under_a_policy(scenario: str) -> None:
    """Default-deny of both directions for each, hooks included."""
    manifests = rendered(scenario)
    policies = [each["spec"] for each in manifests if each["kind"] == "NetworkPolicy"]
    for manifest in manifests:
        labels = _pod_labels(manifest)
        if labels:
            over = [each for each in policies if each["podSelector"]["matchLabels"].items() <= labels.items()]
            assert [each["policyTypes"] for each in over] == [["Ingress", "Egress"]], named(manifest)


def _pod_labels(manifest: Manifest) -> dict[str, str]:
    if manifest["kind"] == "Pod":
        return dict(manifest["metadata"]["labels"])
    return dict(manifest["spec"]["template"]["metadata"]["labels"]) if "template" in manifest.get("spec", {}) else {}


@SCENARIOS
def test_what_a_pod_mounts_is_there(scenario: str) -> None:
    """Each mount has its volume and the reverse, none is named twice, and what they are made of is in the release or given by name."""
    manifests = rendered(scenario)
    values = FILES[scenario].read_text("utf-8")
    made = {each["metadata"]["name"] for each in manifests}
    claimed = {each["metadata"]["name"] for one in manifests for each in one.get("spec", {}).get("volumeClaimTemplates", [])}
    for name, pod in pods(manifests):
        volumes = {each["name"]: each for each in pod.get("volumes", [])}
        assert len(volumes) == len(pod.get("volumes", [])), name
        mounted = {each["name"] for part in (*pod.get("initContainers", []), *pod["containers"]) for each in part.get("volumeMounts", [])}
        assert mounted - claimed == volumes.keys(), name
        named_once = [used for volume in volumes.values() if "persistentVolumeClaim" in volume for used in _used(volume)]
        assert len(set(named_once)) == len(named_once), f"{name}: the kubelet never starts a pod with one claim in two volumes"
        for volume in volumes.values():
            for used in _used(volume):
                assert used in made or used in values, f"{name}: {used}"


def _used(volume: dict[str, Any]) -> list[str]:
    sources = (("persistentVolumeClaim", "claimName"), ("configMap", "name"), ("secret", "secretName"))
    return [volume[kind][key] for kind, key in sources if kind in volume]


def test_the_registry_is_everybodys() -> None:
    """One value moves every image of the release, and brings the Secret to pull it."""
    for name, pod in pods(rendered("restricted")):
        assert pod["imagePullSecrets"] == [{"name": "registry"}], name
        assert all(each["image"].startswith("registry.example.com/mirror/") for each in pod["containers"]), name


def test_rights_are_as_listed() -> None:
    """Each right of each role, in a file that shows a change to whoever reviews it: `golden/rbac.yaml`."""
    whole = render("searchindex")
    one = render("searchindex", {"controller": {"watchNamespaces": ["photos"]}})
    found = {
        "whole cluster": _rights(whole),
        "one namespace": _rights(one),
        "whom the cluster lets": _rights(render("searchindex-crds")),
    }
    golden = CHARTS.parent / "tests/charts/golden/rbac.yaml"
    assert yaml.safe_load(golden.read_text("utf-8")) == found, yaml.safe_dump(found, sort_keys=False)


def _rights(manifests: list[Manifest]) -> dict[str, list[str]]:
    """A line for each rule, below its role; and to whom each role is given."""
    rights = {}
    for each in manifests:
        if each["kind"] in {"Role", "ClusterRole"}:
            where = each["metadata"].get("namespace", "every namespace")
            rights[f"{named(each)} in {where}"] = [_line(rule) for rule in each["rules"]]
        if each["kind"] in {"RoleBinding", "ClusterRoleBinding"}:
            subjects = [f"{subject['kind']}/{subject['name']}" for subject in each["subjects"]]
            rights[named(each)] = [f"{each['roleRef']['kind']}/{each['roleRef']['name']} to {', '.join(subjects)}"]
    return rights


def _line(rule: dict[str, list[str]]) -> str:
    only_named = f" named {','.join(rule['resourceNames'])}" if "resourceNames" in rule else ""
    return f"{','.join(rule['verbs'])} {','.join(rule['resources'])} of {','.join(rule['apiGroups']) or 'core'}{only_named}"


def test_the_api_has_no_rights() -> None:
    """Its account is bound to nothing, and mounts no token."""
    manifests = render("searchindex")
    assert only(manifests, "ServiceAccount", "r-api")["automountServiceAccountToken"] is False
    bound = [subject["name"] for each in manifests if each["kind"].endswith("Binding") for subject in each["subjects"]]
    assert set(bound) == {"r-controller"}
