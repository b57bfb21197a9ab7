"""The project's images: what can be said of them without building any."""

import re
from pathlib import Path

import pytest

from e2e.cluster.place import REPOSITORY
from e2e.cluster.project import AUTHORITY, TARGETS, decimal, secrets

DOCKERFILE = (REPOSITORY / "Dockerfile").read_text()


def pinned(name: str) -> dict[str, str]:
    """Package to version, of a compiled requirements file."""
    return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", (REPOSITORY / "requirements" / f"{name}.txt").read_text(), re.MULTILINE))


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_every_target_is_in_the_dockerfile(target: object) -> None:
    """A target that was renamed is not silently left out."""
    assert re.search(rf"^FROM \S+ AS {target.name}$", DOCKERFILE, re.MULTILINE)  # type: ignore[attr-defined]


@pytest.mark.parametrize(("name", "without"), [("image", {"torch"}), ("controller", {"torch", "onnxruntime", "fastapi", "numpy"})])
def test_images_hold_nothing_heavy(name: str, without: set[str]) -> None:
    """Torch alone would be fifty times the rest."""
    assert not without & pinned(name).keys()


@pytest.mark.parametrize("name", ["image", "controller"])
def test_what_is_tested_is_what_runs(name: str) -> None:
    """The images have the very versions that the tests run with."""
    tested = pinned("test")
    assert {package: version for package, version in pinned(name).items() if tested.get(package, version) != version} == {}


def test_programs_have_a_user_by_number() -> None:
    """Kubernetes can prove only of a number that it is not root."""
    stages = [re.findall(r"^USER (\S+)$", stage, re.MULTILINE) for stage in re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)]
    last = [users[-1] for users in stages if users]  # before that, one may install something
    assert last
    assert all(re.fullmatch(r"[1-9]\d*:[1-9]\d*", user) for user in last)


@pytest.mark.parametrize("name", ["service-gpu", "jobs-gpu"])
def test_towers_can_be_compiled_in_the_images_for_gpus(name: str) -> None:
    """torch.compile calls a C compiler when a pod starts; a slim base has none."""
    stage = DOCKERFILE.partition(f" AS {name}\n")[2].partition("\nFROM ")[0]
    assert re.search(r"apt-get install .*\bg\+\+ libc6-dev\b", stage)


def test_programs_start_without_a_shell() -> None:
    """A shell would not pass on the signal by which Kubernetes asks a program to end."""
    entrypoints = re.findall(r"^ENTRYPOINT (.*)$", DOCKERFILE, re.MULTILINE)
    assert entrypoints
    assert all(entrypoint.startswith("[") for entrypoint in entrypoints)


def test_settings_of_pip_reach_the_build_as_secrets(tmp_path: Path) -> None:
    """And name files as the build sees them."""
    environment = {"PIP_INDEX_URL": "https://packages.example/simple", "PIP_CERT": "/etc/ca.pem"}
    assert secrets(tmp_path, environment) == ["--secret=id=ca.pem,src=/etc/ca.pem", f"--secret=id=pip.conf,src={tmp_path}/pip.conf"]
    assert (tmp_path / "pip.conf").read_text() == f"[global]\nindex-url = https://packages.example/simple\ncert = {AUTHORITY}\n"


def test_no_settings_no_secrets(tmp_path: Path) -> None:
    """Most machines need none."""
    assert secrets(tmp_path, {}) == []


@pytest.mark.parametrize(("said", "megabytes"), [("398 MB", 398), ("1.5 GB", 1500), ("36.4 MB", 36.4), ("850 KB", 0.85)])
def test_sizes(said: str, megabytes: float) -> None:
    """The limit holds whatever the unit."""
    assert decimal(said) == megabytes
