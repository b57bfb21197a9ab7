"""Which cluster the tests run on, and how the project's images get there.

`python3 -m e2e.target prepare` makes it ready, `env` prints what a shell evaluates to use it, `which` says its kind. First found is taken:
KUBECONFIG's, kind, minikube, and else the project's own, which needs neither Docker nor a registry.
"""

import argparse
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path

from searchindex import __version__

ROOT = Path(__file__).resolve().parent.parent
NAME = "searchindex"
TARGETS = ("controller", "jobs", "service", "samples")
PUSHED = "E2E_IMAGES"  # where images for a cluster of KUBECONFIG's are pushed, such as registry.example/searchindex
KUBECONFIG = ROOT / ".build" / "e2e.kubeconfig"

Command = tuple[str, ...]


class Sort(StrEnum):
    """Of cluster."""

    GIVEN = "given"
    KIND = "kind"
    MINIKUBE = "minikube"
    LOCAL = "local"


def choose(environment: Mapping[str, str], *, answers: Callable[[Command], bool]) -> Sort:
    """`answers` says whether a command is there and ends well."""
    if environment.get("KUBECONFIG"):
        return Sort.GIVEN
    docker = answers(("docker", "info"))
    if docker and answers(("kind", "version")):
        return Sort.KIND
    if docker and answers(("minikube", "version")):
        return Sort.MINIKUBE
    return Sort.LOCAL


def repository(sort: Sort, environment: Mapping[str, str]) -> str:
    """What the names of the images begin with."""
    return environment.get(PUSHED) or f"localhost/{NAME}" if sort is Sort.GIVEN else f"localhost/{NAME}"


def preparation(sort: Sort, environment: Mapping[str, str], *, targets: Sequence[str] = TARGETS) -> list[Command]:
    """What is run, in order, until the cluster is up and has the images."""
    images = {target: f"{repository(sort, environment)}/{target}:{__version__}" for target in targets}
    build = [("docker", "build", "--target", target, "--tag", image, str(ROOT)) for target, image in images.items()]
    if sort is Sort.LOCAL:
        local = (sys.executable, "-m", "e2e.cluster")
        return [(*local, "up"), (*local, "parts"), *((*local, "images", target) for target in targets)]
    if sort is Sort.GIVEN:
        return [*build, *(("docker", "push", image) for image in images.values())] if environment.get(PUSHED) else []
    if sort is Sort.KIND:
        created = ("kind", "create", "cluster", "--name", NAME, "--config", str(ROOT / "e2e" / "kind.yaml"), "--wait", "180s")
        exported = ("kind", "export", "kubeconfig", "--name", NAME, "--kubeconfig", str(KUBECONFIG))
        loaded = [("kind", "load", "docker-image", "--name", NAME, image) for image in images.values()]
        return [created, exported, *build, *loaded]
    started = ("minikube", "start", "--profile", NAME, "--addons", "ingress")
    return [started, *build, *(("minikube", "--profile", NAME, "image", "load", image) for image in images.values())]


def exports(sort: Sort, environment: Mapping[str, str]) -> str:
    """Lines for a shell: where the cluster is, where its ingress listens, what the images are called."""
    if sort is Sort.LOCAL:
        said = subprocess.run([sys.executable, "-m", "e2e.cluster", "env"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    else:
        said = f"export KUBECONFIG={shlex.quote(environment.get('KUBECONFIG') or str(KUBECONFIG))}\n"
    ingress = environment.get("E2E_INGRESS", "http://127.0.0.1:8081")
    return f"{said.strip()}\nexport E2E_INGRESS={ingress}\nexport E2E_REPOSITORY={repository(sort, environment)}\n"


def main(argv: list[str] | None = None) -> int:
    """0; else the status of the command that failed."""
    parser = argparse.ArgumentParser(prog="python3 -m e2e.target", description="The cluster that the end-to-end tests run on.")
    parser.add_argument("command", choices=("which", "prepare", "env"))
    given = parser.parse_args(argv)
    sort = choose(os.environ, answers=_answers)
    if given.command == "prepare":
        return _prepare(sort)
    print(exports(sort, os.environ) if given.command == "env" else sort.value)  # noqa: T201  # what a shell evaluates
    return 0


def _prepare(sort: Sort) -> int:
    KUBECONFIG.parent.mkdir(exist_ok=True)
    existing = sort is Sort.KIND and NAME in subprocess.run(["kind", "get", "clusters"], capture_output=True, text=True, check=False).stdout
    for command in preparation(sort, os.environ):
        if existing and command[:3] == ("kind", "create", "cluster"):
            continue
        status = subprocess.run(command, cwd=ROOT, check=False).returncode
        if status:
            print(f"`{shlex.join(command)}` ended with {status}", file=sys.stderr)  # noqa: T201  # the person who asked for it
            return status
    return 0


def _answers(command: Command) -> bool:
    return shutil.which(command[0]) is not None and subprocess.run(command, capture_output=True, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
