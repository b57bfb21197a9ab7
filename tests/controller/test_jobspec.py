"""The Job of a run: its name, what may change in it, what it retries, and what Kubernetes would refuse."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.jobspec import BAD_CONFIGURATION, CHANGEABLE, TOO_MUCH_FAILED, template_hash
from controller.names import SCHEDULE_TIME, TEMPLATE_HASH, TRIGGER
from controller.observed import Defaults
from jobs.ending import ending_of
from jobs.limits import FailureBudgetExceeded
from searchindex.errors import InvalidInput
from tests.controller.job_samples import NAMES, environment, example, indexer, job, pod, resource, specs
from tests.searchindex.invalid_specs import patched, sample
from tests.searchindex.schema_values import unhurried

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


@unhurried
@given(specs(), NAMES, st.integers(1, 9_999_999))
def test_name_is_a_label_for_every_pod(spec: dict[str, Any], name: str, revision: int) -> None:
    """A pod's host name is the Job's name and the shard's number; Kubernetes refuses the Job where that is no DNS label."""
    made = job(resource(spec, name=name), revision=revision)
    host = f"{made['metadata']['name']}-{made['spec']['completions'] - 1}"
    assert LABEL.fullmatch(host)
    assert len(host) <= 63


@unhurried
@given(specs())
def test_same_run_is_the_same_job(spec: dict[str, Any]) -> None:
    """Planning twice plans once: the manifest depends on nothing but what it is made from, not even the order of sources."""
    turned = spec | {"sources": spec["sources"][::-1]}
    assert job(resource(spec)) == job(resource(spec)) == job(resource(turned))


@unhurried
@given(specs())
def test_volumes_and_mounts_belong_together(spec: dict[str, Any]) -> None:
    """A mount without its volume, or a name twice, and Kubernetes refuses the Job."""
    made = pod(job(resource(spec)))
    volumes = [volume["name"] for volume in made["volumes"]]
    mounts = made["containers"][0]["volumeMounts"]
    assert set(volumes) == {mount["name"] for mount in mounts}
    assert len({mount["mountPath"] for mount in mounts}) == len(mounts)
    assert len(volumes) == len(set(volumes))
    claims = [each["persistentVolumeClaim"]["claimName"] for each in made["volumes"] if "persistentVolumeClaim" in each]
    assert len(claims) == len(set(claims)), "the kubelet never starts a pod that names a claim twice"
    assert all(LABEL.fullmatch(name) and len(name) <= 63 for name in volumes)
    assert all(mount.get("readOnly") for mount in mounts if mount["name"] != "tmp")


def test_scaling_keeps_the_job() -> None:
    """What Kubernetes lets change is changed in the Job that is there."""
    one, four = example(indexing={"shards": 4}), example(indexing={"shards": 4, "parallelism": 4})
    before, after = job(one), job(four, suspended=True, ttl=60)
    assert before["metadata"] == after["metadata"]
    differing = {name for name in after["spec"] if after["spec"][name] != before["spec"].get(name)}
    assert differing == CHANGEABLE
    assert template_hash(before["spec"]) == template_hash(after["spec"]) == before["metadata"]["annotations"][TEMPLATE_HASH]


@pytest.mark.parametrize(
    "change",
    [
        {"sources": [{"name": "photos", "pvc": {"claimName": "others"}}]},
        {"sources": [{"name": "others", "pvc": {"claimName": "photos"}}]},
        {"sources": [{"name": "photos", "pvc": {"claimName": "photos"}, "exclude": ["*.tif"]}]},
        {"model": {"source": {"pvc": {"claimName": "models"}}}},
        {"indexing": {"shards": 2}},
        {"indexing": {"image": "another:1"}},
        {"indexing": {"podTemplate": {"spec": {"priorityClassName": "low"}}}},
        {"indexing": {"backoffLimitPerIndex": 5}},
        {"indexing": {"activeDeadlineSeconds": 60}},
        {"store": {"grpcPort": 1}},
    ],
)
def test_what_cannot_be_changed_makes_another_job(change: dict[str, Any]) -> None:
    """Kubernetes refuses a changed template, so it never sees one under the same name."""
    assert job(example(**change))["metadata"]["name"] != job(example())["metadata"]["name"]


def test_trigger_and_collection_make_another_job() -> None:
    """The same pods are run again when someone asks for it."""
    names = {
        job(example(), **change)["metadata"]["name"] for change in ({}, {"trigger": "other"}, {"collection": "other"}, {"revision": 2})
    }
    assert len(names) == 4


def test_job_belongs_to_its_index() -> None:
    """Kubernetes removes the Job with the SearchIndex; the controller finds it by label."""
    made = job(example(), schedule_time=datetime(2026, 1, 2, 3, tzinfo=UTC))
    (owner,) = made["metadata"]["ownerReferences"]
    assert owner["kind"] == "SearchIndex"
    assert owner["uid"] == example().uid
    assert owner["controller"]
    assert made["metadata"]["labels"]["searchindex.dev/index"] == "photos"
    assert made["metadata"]["labels"].items() <= made["spec"]["template"]["metadata"]["labels"].items()
    assert made["metadata"]["annotations"][TRIGGER] == "9f8e7d6c-0"
    assert datetime.fromisoformat(made["metadata"]["annotations"][SCHEDULE_TIME]) == datetime(2026, 1, 2, 3, tzinfo=UTC)


def test_failures_are_told_apart() -> None:
    """Evictions cost no attempt, a wrong configuration ends the run at once, too many bad pictures end the shard; first match counts."""
    made = job(example())["spec"]
    rules = made["podFailurePolicy"]["rules"]
    assert [rule["action"] for rule in rules] == ["Ignore", "FailJob", "FailIndex"]
    assert rules[0]["onPodConditions"] == [{"type": "DisruptionTarget", "status": "True"}]
    assert {rule["onExitCodes"]["containerName"] for rule in rules[1:]} == {indexer(job(example()))["name"]}
    assert [rule["onExitCodes"]["values"] for rule in rules[1:]] == [[BAD_CONFIGURATION], [TOO_MUCH_FAILED]]
    assert made["podReplacementPolicy"] == "Failed"
    assert pod(job(example()))["restartPolicy"] == "Never"


def test_exit_statuses_are_those_of_the_indexer() -> None:
    """Both programs mean the same by a number."""
    assert ending_of(InvalidInput("wrong"), started=False).status == BAD_CONFIGURATION
    assert ending_of(FailureBudgetExceeded("too many"), started=True).status == TOO_MUCH_FAILED


def test_time_to_live_is_given_late() -> None:
    """A Job that vanishes before its counts were copied has told nobody what it did."""
    assert "ttlSecondsAfterFinished" not in job(example())["spec"]
    assert job(example(), ttl=5)["spec"]["ttlSecondsAfterFinished"] == 5


@unhurried
@given(specs())
def test_pods_are_restricted(spec: dict[str, Any]) -> None:
    """They run where the restricted Pod Security Standard is enforced, and hold no token of the cluster."""
    made = pod(job(resource(spec)))
    (container,) = made["containers"]
    assert made["securityContext"]["runAsNonRoot"]
    assert made["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert not container["securityContext"]["allowPrivilegeEscalation"]
    assert not made["automountServiceAccountToken"]


def test_gpu_is_a_limit_beside_the_other_resources() -> None:
    """An extended resource is asked for as a limit; what else was asked for stays."""
    made = indexer(job(example("gpu")))
    assert made["resources"]["limits"] == {"memory": "16Gi", "nvidia.com/gpu": "1"}
    assert made["resources"]["requests"] == {"cpu": "4", "memory": "8Gi"}
    assert indexer(job(example(indexing={"gpu": 2, "gpuResource": "nvidia.com/mig-1g.5gb"})))["resources"] == {
        "limits": {"nvidia.com/mig-1g.5gb": "2"}
    }


def test_a_gpu_that_was_asked_for_is_used() -> None:
    """Pods with one have the image with torch and are told to run the model on it; without, nothing is another than before."""
    defaults = Defaults(indexer_image="jobs:1", indexer_gpu_image="jobs-gpu:1")
    made = job(example(indexing={"gpu": 1}), defaults=defaults)
    assert indexer(made)["image"] == "jobs-gpu:1"
    assert {"ENCODER_RUNTIME": "openclip", "TORCH_DEVICE": "cuda"}.items() <= environment(made).items()
    assert indexer(job(example(indexing={"gpu": 1, "image": "mine:1"}), defaults=defaults))["image"] == "mine:1"
    plain = job(example(), defaults=defaults)
    assert indexer(plain)["image"] == "jobs:1"
    assert "ENCODER_RUNTIME" not in environment(plain)


def test_what_runs_the_model_may_be_said_otherwise() -> None:
    """A folder without weights is indexed on the CPU of a node with GPUs, if somebody wants that."""
    own = {"name": "indexer", "env": [{"name": "ENCODER_RUNTIME", "value": "onnx"}]}
    made = job(example(indexing={"gpu": 1, "podTemplate": {"spec": {"containers": [own]}}}))
    assert environment(made)["ENCODER_RUNTIME"] == "onnx"


def test_scheduling_is_passed_on() -> None:
    """Pods go where the spec says."""
    made = pod(job(example("complete")))
    assert made["nodeSelector"] == {"disk": "fast"}
    assert made["tolerations"] == [{"key": "batch", "operator": "Exists"}]
    assert made["runtimeClassName"] == "gvisor"
    assert made["serviceAccountName"] == "indexer"


def test_overlay_adds_to_the_pod() -> None:
    """A person's template reaches the pod: labels, variables, other containers."""
    made = job(example("complete"))
    assert made["spec"]["template"]["metadata"]["labels"]["team"] == "search"
    assert environment(made)["OMP_NUM_THREADS"] == "2"
    assert environment(made)["IMAGE_DIR"] == "/sources"


TEMPLATES = st.fixed_dictionaries(
    {},
    optional={
        "metadata": st.fixed_dictionaries({"labels": st.fixed_dictionaries({}, optional={"searchindex.dev/index": st.just("mine")})}),
        "spec": st.fixed_dictionaries(
            {},
            optional={
                "restartPolicy": st.sampled_from(["Always", None]),
                "automountServiceAccountToken": st.booleans(),
                "containers": st.sampled_from(
                    [
                        None,
                        [],
                        [{"name": "indexer", "command": ["sh"], "args": [], "env": [{"name": "QDRANT_COLLECTION", "value": "mine"}]}],
                        [{"name": "indexer", "env": [{"name": "QDRANT_API_KEY", "value": "mine"}], "envFrom": []}, {"name": "proxy"}],
                    ]
                ),
                "volumes": st.sampled_from([None, [], [{"name": "tmp", "emptyDir": {"medium": "Memory"}}]]),
            },
        ),
    },
)


@unhurried
@given(TEMPLATES)
def test_overlay_cannot_break_a_run(template: dict[str, Any]) -> None:
    """What the run rests on is ours whatever the template says: labels, program, variables, restart policy, token."""
    spec = patched(sample("complete")["spec"], {"indexing": {"podTemplate": None}})
    plain = job(resource(spec))
    made = job(resource(spec | {"indexing": spec["indexing"] | {"podTemplate": template}}))
    assert plain["metadata"]["labels"].items() <= made["spec"]["template"]["metadata"]["labels"].items()
    assert pod(made)["restartPolicy"] == "Never"
    assert not pod(made)["automountServiceAccountToken"]
    for name in ("command", "args", "image", "volumeMounts"):
        assert indexer(made)[name] == indexer(plain)[name]
    assert environment(plain).items() <= environment(made).items()
    assert {volume["name"] for volume in pod(plain)["volumes"]} <= {volume["name"] for volume in pod(made)["volumes"]}


def test_a_claim_with_pictures_and_model_is_one_volume() -> None:
    """Two folders of one claim are two mounts: as two volumes the pod would never start."""
    claim = {"claimName": "all"}
    spec: dict[str, Any] = {
        "model": {"source": {"pvc": {**claim, "path": "models/ours"}}},
        "sources": [{"name": "photos", "pvc": {**claim, "path": "pictures"}}],
    }
    made = pod(job(example(**spec)))
    mounts = {each["mountPath"]: (each["name"], each.get("subPath")) for each in made["containers"][0]["volumeMounts"]}
    assert mounts["/sources/photos"] == ("source-photos", "pictures")
    assert mounts["/model"] == ("source-photos", "models/ours")
    assert [each["name"] for each in made["volumes"]] == ["tmp", "source-photos"]
