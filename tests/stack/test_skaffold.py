"""`skaffold.yaml`: Skaffold itself does not run here, so all that each profile names is compared with what there is.

Its form is compared with Skaffold's own schema where that can be fetched: `e2e/charts/test_skaffold_schema.py`.
"""

import re
from typing import Any

import pytest

from searchindex.catalogue import cards
from tests.charts.render import CHARTS, Manifest, only, pod_of, render
from tests.stack.skaffold_profiles import PROFILES, ROOT, Words, with_profile
from tools.bundle_samples import MODEL

NAMES = ("cpu", "gpu", "kind", "minikube")
TARGETS = set(re.findall(r"^FROM \S+ AS (\S+)$", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE))
TEMPLATE = re.compile(r"\{\{\.IMAGE_(DOMAIN|REPO_NO_DOMAIN|TAG|FULLY_QUALIFIED)_(\w+)\}\}")


@pytest.fixture(params=NAMES)
def config(request: pytest.FixtureRequest) -> Words:
    return with_profile(request.param)


def images(config: Words) -> dict[str, str]:
    """As Skaffold names them in templates, to what it would have built."""
    return {each["image"].replace("/", "_").replace("-", "_"): each["image"] for each in config["build"]["artifacts"]}


def release(config: Words, name: str = "searchindex") -> Words:
    found: Words = next(each for each in config["deploy"]["helm"]["releases"] if each["name"] == name)
    return found


def filled(template: str, config: Words) -> str:
    """With the registry `reg.test` and the tag `built`."""
    kind, image = TEMPLATE.fullmatch(template).groups()  # type: ignore[union-attr]
    name = images(config)[image]
    return {"DOMAIN": "reg.test", "REPO_NO_DOMAIN": name, "TAG": "built", "FULLY_QUALIFIED": f"reg.test/{name}:built"}[kind]


def values(config: Words) -> dict[str, Any]:
    """What helm is given."""
    said = release(config)
    flat = said["setValues"] | {path: filled(template, config) for path, template in said["setValueTemplates"].items()}
    nested: dict[str, Any] = {}
    for path, value in flat.items():
        at = nested
        *way, last = path.split(".")
        for step in way:
            at = at.setdefault(step, {})
        at[last] = value
    return nested


def rendered(config: Words) -> list[Manifest]:
    return render("searchindex", values(config), release="searchindex", kubernetes="1.35.0")


def test_the_profiles_are_those_that_were_promised() -> None:
    """And two of them go by the cluster that is in use."""
    assert tuple(PROFILES) == NAMES
    patterns = {name: each["activation"][0]["kubeContext"] for name, each in PROFILES.items() if "activation" in each}
    assert re.fullmatch(patterns["kind"], "kind-kind")
    assert patterns["minikube"] == "minikube"


def test_images_are_built_from_targets_that_there_are(config: Words) -> None:
    """Of a Dockerfile that is there."""
    for artifact in config["build"]["artifacts"]:
        assert artifact["docker"]["target"] in TARGETS
        assert (ROOT / artifact["docker"]["dockerfile"]).is_file()


def test_charts_are_there_and_the_definition_comes_first(config: Words) -> None:
    """Both of them, by their folders."""
    paths = [each["chartPath"] for each in config["deploy"]["helm"]["releases"]]
    assert paths == ["charts/searchindex-crds", "charts/searchindex"]
    assert all((CHARTS.parent / path / "Chart.yaml").is_file() for path in paths)


def test_the_chart_takes_what_it_is_given_and_runs_what_was_built(config: Words) -> None:
    """No value is unknown to it, and its pods have the images of this build."""
    made = rendered(config)
    assert pod_of(only(made, "Deployment", "searchindex-api"))["containers"][0]["image"] == "reg.test/searchindex/service:built"
    controller = pod_of(only(made, "Deployment", "searchindex-controller"))["containers"][0]
    assert controller["image"] == "reg.test/searchindex/controller:built"
    assert {"name": "INDEXER_IMAGE", "value": "reg.test/searchindex/jobs:built"} in controller["env"]


def test_the_service_that_is_forwarded_is_there(config: Words) -> None:
    """By its name, and the name of its port."""
    made = rendered(config)
    for forward in config["portForward"]:
        service = only(made, "Service", forward["resourceName"])
        assert forward["port"] in [port["name"] for port in service["spec"]["ports"]]


@pytest.mark.parametrize("name", ["cpu", "kind", "minikube"])
def test_without_a_gpu_the_small_model_is_searched_with(name: str) -> None:
    """From the image of the samples, which nobody has to download."""
    config = with_profile(name)
    model = values(config)["api"]["model"]
    assert model["name"] in cards()
    assert model["image"] == {"reference": "reg.test/searchindex/samples:built", "path": f"samples/models/{MODEL}"}
    assert "nvidia.com/gpu" not in str(rendered(config))


def test_with_a_gpu_the_images_have_torch_and_the_model_is_fetched() -> None:
    """By a Job of the same build."""
    config = with_profile("gpu")
    assert {each["docker"]["target"] for each in config["build"]["artifacts"]} >= {"service-gpu", "jobs-gpu"}
    assert "nvidia.com/gpu" in str(pod_of(only(rendered(config), "Deployment", "searchindex-api")))
    jobs = [each for each in rendered(config) if each["kind"] == "Job"]
    assert [container["image"] for job in jobs for container in pod_of(job)["containers"]] == ["reg.test/searchindex/jobs:built"]


@pytest.mark.parametrize("name", ["kind", "minikube"])
def test_on_a_laptop_nothing_is_pushed(name: str) -> None:
    """Skaffold loads the images into the cluster."""
    assert with_profile(name)["build"]["local"]["push"] is False
