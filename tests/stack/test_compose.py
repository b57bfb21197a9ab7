"""`docker-compose.yaml`: no engine runs here, so all that it names is compared with what there is."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from jobs.settings import JobSettings
from searchindex.catalogue import cards
from service.settings import Settings

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yaml"
STACK: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))
SERVICES: dict[str, Any] = STACK["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")


def test_it_is_a_compose_file() -> None:
    """By the schema of the Compose specification, as check-jsonschema brings it."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(FILE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # a file of ours
    assert done.returncode == 0, done.stdout


def test_the_seed_s_limits_hold() -> None:
    """4 GB for the service, 6 for Qdrant; Redis keeps 512 MB, and forgets what was not asked for longest."""
    limits = {name: each["deploy"]["resources"]["limits"]["memory"] for name, each in SERVICES.items() if "deploy" in each}
    assert (limits["service"], limits["qdrant"]) == ("4G", "6G")
    assert " --maxmemory 512mb --maxmemory-policy allkeys-lru " in " ".join(SERVICES["redis"]["command"])
    assert {name for name in SERVICES if name not in limits} == {"samples"}


@pytest.mark.parametrize("part", ["qdrant", "redis"])
def test_parts_are_those_of_the_charts(part: str) -> None:
    """One version in both places."""
    values = yaml.safe_load((ROOT / f"charts/searchindex/charts/{part}/values.yaml").read_text("utf-8"))["image"]
    version = yaml.safe_load((ROOT / f"charts/searchindex/charts/{part}/Chart.yaml").read_text("utf-8"))["appVersion"]
    assert SERVICES[part]["image"] == f"{values['registry']}/{values['repository']}:{version}"


def test_images_are_built_from_targets_that_there_are() -> None:
    """And whoever serves has a health check: in the file, or in the image."""
    targets = set(re.findall(r"^FROM \S+ AS (\S+)$", DOCKERFILE, re.MULTILINE))
    assert {each["build"]["target"] for each in SERVICES.values() if "build" in each} <= targets
    service = DOCKERFILE.partition("FROM program AS service\n")[2].partition("\nFROM ")[0]
    assert "HEALTHCHECK --interval=30s --timeout=5s --start-period=60s" in service
    assert all("healthcheck" in each for each in SERVICES.values() if "build" not in each)


@pytest.mark.parametrize(("name", "settings"), [("service", Settings), ("index", JobSettings)])
def test_programs_are_told_only_what_they_read(name: str, settings: type[Settings]) -> None:
    """Every variable is a setting of the program; the model that it names by default is one that there is."""
    environment = SERVICES[name]["environment"]
    assert [each for each in environment if each.lower() not in settings.model_fields] == []
    architecture, weights = (re.sub(r"\$\{\w+:-(.*)\}", r"\1", environment[each]) for each in ("CLIP_MODEL_NAME", "CLIP_PRETRAINED"))
    assert f"{architecture}/{weights}" in cards()


def test_what_is_mounted_is_there() -> None:
    """Named volumes are declared, folders of the checkout exist."""
    sources = {re.sub(r"\$\{\w+:-(.*)\}", r"\1", mount).split(":")[0] for each in SERVICES.values() for mount in each.get("volumes", [])}
    assert {each for each in sources if each.startswith("./") and not (ROOT / each).is_dir()} == set()
    assert {each for each in sources if not each.startswith("./")} == set(STACK["volumes"])


def test_nothing_is_open_to_other_machines() -> None:
    """Nothing here asks for a key: ports are those of the loopback interface."""
    ports = [port for each in SERVICES.values() for port in each.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_it_begins_in_order() -> None:
    """Who needs another waits until that one is healthy, or done."""
    for name, each in SERVICES.items():
        for needed, how in each.get("depends_on", {}).items():
            ends = "restart" not in SERVICES[needed]
            assert how["condition"] == ("service_completed_successfully" if ends else "service_healthy"), f"{name} needs {needed}"


def test_our_programs_are_as_closed_as_on_kubernetes() -> None:
    """A root filesystem that cannot be written, no capabilities, no way to more."""
    for name in ("service", "index"):
        assert SERVICES[name].items() >= {"read_only": True, "cap_drop": ["ALL"], "security_opt": ["no-new-privileges:true"]}.items()
