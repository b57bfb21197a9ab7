"""The pods that answer searches: what they are told, how they start and end, and how many there are."""

from typing import Any

import pytest

from jobs.__main__ import _parser
from searchindex.models import read_model
from service.settings import Settings
from tests.charts.render import CHARTS, Manifest, only, pod_of, render
from tests.charts.scenarios import FILES, rendered
from tools.chart_settings import CHARTS_OWN


def api(manifests: list[Manifest]) -> Manifest:
    return only(manifests, "Deployment", "r-api")


def container(manifests: list[Manifest]) -> Manifest:
    found: Manifest = pod_of(api(manifests))["containers"][0]
    return found


def told(manifests: list[Manifest]) -> dict[str, str]:
    """Variables of the API's container that are no secrets."""
    data: dict[str, str] = only(manifests, "ConfigMap", "r-api")["data"]
    return data | {each["name"]: each["value"] for each in container(manifests).get("env", []) if "value" in each}


def secrets(manifests: list[Manifest]) -> dict[str, tuple[str, str]]:
    found = {}
    for each in container(manifests).get("env", []):
        if reference := each.get("valueFrom", {}).get("secretKeyRef"):
            found[each["name"]] = (reference["name"], reference["key"])
    return found


@pytest.mark.parametrize("scenario", FILES)
def test_the_service_understands_what_it_is_told(scenario: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every variable is a setting, and its value one that the service takes: nothing is misspelt, and no number arrives as 1e+07."""
    known = {name.upper() for name in Settings.model_fields}
    for name, value in told(rendered(scenario)).items():
        if not name.startswith("OTEL_") and name != "OMP_NUM_THREADS":
            assert name in known, name
            monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.qdrant_collection
    assert settings.log_format == "json"


def test_every_setting_has_its_place() -> None:
    """Either it may be given by its name, or the chart sets it itself; a new one cannot be forgotten."""
    names = set(Settings.model_fields)
    assert names >= CHARTS_OWN
    set_by_some = {name for scenario in FILES for name in told(rendered(scenario))}
    set_by_some |= {name for scenario in FILES for name in secrets(rendered(scenario))}
    left = {"INDEX_PATH", "API_HOST", "API_PORT", "API_WORKERS", "REDIS_ENABLED"}  # the image's, or of one machine
    assert {name.upper() for name in CHARTS_OWN} - left <= set_by_some


def test_numbers_arrive_as_they_were_written() -> None:
    """Helm makes a float of each."""
    values = {"api": {"settings": {"CACHE_ENTRIES": 10000000, "SEARCH_SCORE_THRESHOLD": 0.25, "LOG_QUERIES": True}}}
    data = told(render("searchindex", values))
    assert (data["CACHE_ENTRIES"], data["SEARCH_SCORE_THRESHOLD"], data["LOG_QUERIES"]) == ("10000000", "0.25", "true")


def test_secrets_are_the_parts_own_or_those_that_exist() -> None:
    """A key is never in a ConfigMap, and comes from the Secret of whoever made it."""
    assert secrets(rendered("minimal")) == {"QDRANT_API_KEY": ("r-qdrant", "api-key"), "REDIS_PASSWORD": ("r-redis", "password")}
    assert secrets(rendered("external-qdrant"))["QDRANT_API_KEY"] == ("qdrant-key", "api-key")
    assert "QDRANT_API_KEY" not in secrets(render("searchindex", {"qdrant": {"auth": {"enabled": False}}}))
    assert secrets(rendered("full"))["OPENAI_API_KEY"] == ("openai", "token")


def test_api_keys_are_a_file_that_changes_in_place() -> None:
    """The whole Secret is mounted, without subPath: with one, the kubelet would never bring a rotated key."""
    manifests = rendered("full")
    mounts = {each["name"]: each for each in container(manifests)["volumeMounts"]}
    assert "subPath" not in mounts["keys"]
    assert told(manifests)["API_KEYS_FILE"] == f"{mounts['keys']['mountPath']}/keys.txt"


def test_rate_limits_are_counted_in_the_same_redis() -> None:
    """With the password that the kubelet puts in, which is declared before it."""
    env = [each["name"] for each in container(rendered("external-redis"))["env"]]
    assert told(rendered("external-redis"))["RATE_LIMIT_REDIS_URL"] == "redis://:$(REDIS_PASSWORD)@redis.cache.svc:6380/3"
    assert env.index("REDIS_PASSWORD") < env.index("RATE_LIMIT_REDIS_URL")


def test_other_settings_are_other_pods() -> None:
    """A ConfigMap alone changes no running process."""

    def checksum(values: dict[str, Any]) -> str:
        return str(api(render("searchindex", values))["spec"]["template"]["metadata"]["annotations"]["checksum/settings"])

    assert checksum({}) != checksum({"api": {"settings": {"SEARCH_TOP_K": 5}}})


def test_a_gpu_is_given_back_before_the_next_pod_asks_for_it() -> None:
    """Else an update waits for ever; without a GPU no pod ends before its successor is ready."""
    assert api(rendered("cpu"))["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    manifests = rendered("gpu")
    assert api(manifests)["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": 1}
    assert container(manifests)["resources"]["limits"]["nvidia.com/mig-1g.10gb"] == "1"
    assert container(manifests)["image"].startswith("docker.io/searchindex/service-gpu:")


def test_a_gpu_that_was_asked_for_is_used() -> None:
    """The pods are told to, have room for what is compiled, and the Job keeps the weights for them; who says otherwise is heeded."""
    manifests = rendered("gpu")
    assert {"ENCODER_RUNTIME": "openclip", "TORCH_DEVICE": "cuda"}.items() <= told(manifests).items()
    tmp = {"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}}
    assert tmp in pod_of(api(manifests))["volumes"]
    (job,) = (each for each in manifests if each["kind"] == "Job")
    assert "--keep-weights" in pod_of(job)["containers"][0]["args"]
    assert _parser().parse_args(pod_of(job)["containers"][0]["args"]).keep_weights == "true"
    gpu = {"enabled": True}
    other = told(render("searchindex", {"api": {"gpu": gpu, "settings": {"ENCODER_RUNTIME": "onnx"}}}))
    assert (other["ENCODER_RUNTIME"], "TORCH_DEVICE" in other) == ("onnx", False)
    second = told(render("searchindex", {"api": {"gpu": gpu, "settings": {"TORCH_DEVICE": "cuda:1"}}}))
    assert (second["ENCODER_RUNTIME"], second["TORCH_DEVICE"]) == ("openclip", "cuda:1")
    without = rendered("cpu")
    assert {"ENCODER_RUNTIME", "TORCH_DEVICE"}.isdisjoint(told(without))
    assert "--keep-weights" not in str(rendered("minimal"))


def test_indexing_pods_have_an_image_with_torch_where_they_have_a_gpu() -> None:
    """The controller knows both, from its own registry, or those that are named."""

    def images(values: dict[str, Any]) -> list[str]:
        env = pod_of(only(render("searchindex", values), "Deployment", "r-controller"))["containers"][0]["env"]
        return [each["value"].partition(":")[0] for each in env if each["name"] in ("INDEXER_IMAGE", "INDEXER_GPU_IMAGE")]

    assert images({}) == ["docker.io/searchindex/jobs", "docker.io/searchindex/jobs-gpu"]
    assert images({"controller": {"indexer": {"image": "mine:1", "gpuImage": "mine-gpu:1"}}}) == ["mine", "mine-gpu"]


def test_a_missing_collection_is_no_reason_for_a_restart() -> None:
    """Start and life ask whether the process answers; readiness alone whether it could answer a search."""
    found = container(rendered("minimal"))
    assert {found[probe]["httpGet"]["path"] for probe in ("startupProbe", "livenessProbe")} == {"/livez"}
    assert found["readinessProbe"]["httpGet"]["path"] == "/readyz"


def test_it_is_out_of_the_service_before_it_ends() -> None:
    """A sleep that needs no shell: Kubernetes' own, or on older ones Python's; and then time for what is in flight."""
    assert container(rendered("minimal"))["lifecycle"]["preStop"] == {"sleep": {"seconds": 5}}
    old = container(rendered("minimal", kubernetes="1.29.0"))["lifecycle"]["preStop"]["exec"]["command"]
    assert old == ["python", "-c", "import time; time.sleep(5)"]
    assert pod_of(api(rendered("minimal")))["terminationGracePeriodSeconds"] >= 5 + 20


def test_how_many_is_the_autoscalers_business() -> None:
    """A number in the Deployment would fight it at every upgrade."""
    for scenario, kind in (("hpa", "HorizontalPodAutoscaler"), ("keda", "ScaledObject")):
        manifests = rendered(scenario)
        assert "replicas" not in api(manifests)["spec"]
        assert only(manifests, kind)["spec"]["scaleTargetRef"]["name"] == "r-api"
    assert {each["kind"] for each in rendered("cpu")}.isdisjoint({"HorizontalPodAutoscaler", "ScaledObject"})


def test_they_scale_by_how_long_queries_wait() -> None:
    """By the metric that the service has, in its unit."""
    metric = only(rendered("hpa"), "HorizontalPodAutoscaler")["spec"]["metrics"][0]["pods"]
    assert metric["target"] == {"type": "AverageValue", "averageValue": "30m"}
    trigger = only(rendered("keda"), "ScaledObject")["spec"]["triggers"][0]
    assert "rate(searchindex_encode_queue_wait_seconds_bucket{" in trigger["metadata"]["query"]
    assert (trigger["metricType"], trigger["metadata"]["threshold"]) == ("Value", "0.05")


def test_pictures_lie_below_the_name_of_their_source() -> None:
    """As the indexing pods saw them, so that a result's path leads to its file; a claim with two folders is one volume."""
    manifests = rendered("full")
    mounts = {each["mountPath"]: each for each in container(manifests)["volumeMounts"]}
    assert told(manifests)["IMAGE_DIR"] == "/pictures"
    assert mounts["/pictures/scans"]["subPath"] == "scans"
    assert mounts["/pictures/scans"]["name"] == mounts["/pictures/photos"]["name"] != mounts["/pictures/old"]["name"]
    assert all(mounts[f"/pictures/{name}"]["readOnly"] for name in ("photos", "scans", "old"))


def test_a_model_from_the_hub_is_fetched_once_and_waited_for() -> None:
    """The Job writes where the pods read, and is named after what it does; a pod waits instead of failing."""
    manifests = rendered("minimal")
    job = next(each for each in manifests if each["kind"] == "Job")
    mounts = {each["name"]: each["mountPath"] for each in pod_of(job)["containers"][0]["volumeMounts"]}
    assert mounts["model"] == told(manifests)["MODELS_PATH"] == "/models"
    args = pod_of(job)["containers"][0]["args"]
    assert args == ["prepare", "--models-path=/models", "--clip-model-name=ViT-H-14", "--clip-pretrained=laion2b_s32b_b79k"]
    _parser().parse_args(args)  # as the program understands them
    assert pod_of(api(manifests))["initContainers"][0]["command"] == ["python", "-m", "service.awaiting"]
    other = next(each for each in rendered("multi-replica") if each["kind"] == "Job")
    assert other["metadata"]["name"] == job["metadata"]["name"]
    fixed = render("searchindex", {"api": {"model": {"fingerprint": "0" * 16}}})
    assert next(each for each in fixed if each["kind"] == "Job")["metadata"]["name"] != job["metadata"]["name"]


def test_whoever_mounts_the_models_volume_first_lets_the_job_write() -> None:
    """A volume's group is set at its first mount, if that may write: the waiting pod mounts it as the Job does, and only reads."""
    manifests = rendered("multi-replica")
    pod, job = pod_of(api(manifests)), pod_of(next(each for each in manifests if each["kind"] == "Job"))
    assert pod["securityContext"] == job["securityContext"]
    assert pod["securityContext"]["fsGroup"] == job["securityContext"]["runAsUser"]
    assert [each["persistentVolumeClaim"]["readOnly"] for each in pod["volumes"] if "persistentVolumeClaim" in each] == [False]
    for part in (*pod["initContainers"], *pod["containers"]):
        assert all(each["readOnly"] for each in part["volumeMounts"] if each["mountPath"] == "/models")
    pictures = [each["persistentVolumeClaim"] for each in pod_of(api(rendered("full")))["volumes"] if "persistentVolumeClaim" in each]
    assert pictures
    assert all(each["readOnly"] for each in pictures)


def test_a_model_is_asked_for_by_the_name_of_its_card() -> None:
    """That of the chart's default, and that of the small one."""
    small = read_model(CHARTS.parent / "samples/model").card
    data = told(rendered("full"))
    assert f"{data['CLIP_MODEL_NAME']}/{data['CLIP_PRETRAINED']}" == small.name


def test_a_claim_stays_where_that_was_asked_for() -> None:
    """And only there: what was installed is removed with the release."""
    keep = "helm.sh/resource-policy"
    assert only(rendered("gpu"), "PersistentVolumeClaim")["metadata"]["annotations"][keep] == "keep"
    assert keep not in str(rendered("minimal"))
