"""Images without a registry: made with buildah, and handed to the cluster's containerd."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from e2e.cluster.commands import ClusterError, answers, run
from e2e.cluster.place import HERE, Place
from e2e.cluster.provisions import ensure_built, ensure_qdrant, say

PYTHON = "localhost/python:3.11-slim-bookworm"
QDRANT = "docker.io/qdrant/qdrant:v1.16.3"
REDIS = "docker.io/library/redis:7.0.15"
COLLECTOR = "docker.io/otel/opentelemetry-collector-contrib:0.161.0"
REDIS_PACKAGE = "redis-server=5:7.0.15*"
NEEDLESS = ("doc", "locale", "man", "info", "lintian", "bug")  # as in Debian's own slim images


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """An image of one layer: Debian packages, if any, and files of ours over them."""

    name: str
    packages: Sequence[str] = ()
    files: Mapping[str, Path] = field(default_factory=dict)  # path in the image: file here
    folders: Mapping[str, str] = field(default_factory=dict)  # path in the image: its owner, as uid:gid
    settings: Sequence[str] = ()  # further arguments of `buildah config`


def system_images(place: Place) -> dict[str, Recipe]:
    """The three that the cluster itself runs, by what its manifests call them."""
    programs = {
        "pause": ensure_built(place, "pause"),
        "coredns": ensure_built(place, "coredns"),
        "traefik": place.tools / "bin" / "traefik",
    }
    return {name: _of_one_program(name, file) for name, file in programs.items()}


def _of_one_program(name: str, file: Path) -> Recipe:
    folders = {"/etc/ssl": "0:0", "/tmp": "0:0"}  # noqa: S108  # a folder in the image
    return Recipe(
        name=f"localhost/{name}:{_tag(file)}", files={f"/{name}": file}, folders=folders, settings=("--entrypoint", f'["/{name}"]')
    )


def _tag(file: Path) -> str:
    """The digest in a built program's name; for a tool, its size, which changes with its version."""
    return file.name.partition("-")[2] or str(file.stat().st_size)


def ensure_python(place: Place) -> None:
    """The stand-in for the official `python:3.11-slim-bookworm`, Debian's own Python 3.11; into containerd too, where the cluster is up."""
    packages = ("ca-certificates", "python3", "python-is-python3", "python3-venv", "netbase", "tzdata")
    recipe = Recipe(name=PYTHON, packages=packages, settings=("--cmd", "python3"))
    _ensure_made(place, recipe)
    if place.socket.exists():
        ensure_pushed(place, recipe)


def ensure_parts(place: Place) -> None:
    """The images of others that a chart names, under their own names, from packages of the same versions."""
    config = HERE / "config"
    for recipe in (
        Recipe(
            name=QDRANT,
            packages=("ca-certificates", "libunwind8", "tzdata"),
            files={"/qdrant/qdrant": ensure_qdrant(place), "/qdrant/entrypoint.sh": config / "qdrant-entrypoint.sh"},
            settings=("--workingdir", "/qdrant", "--entrypoint", "[]", "--cmd", "./entrypoint.sh", "--port", "6333", "--port", "6334"),
        ),
        Recipe(
            name=REDIS,
            packages=(REDIS_PACKAGE,),
            files={"/usr/local/bin/docker-entrypoint.sh": config / "redis-entrypoint.sh"},
            folders={"/data": "999:999"},
            settings=("--workingdir", "/data", "--entrypoint", '["docker-entrypoint.sh"]', "--cmd", "redis-server", "--port", "6379"),
        ),
        Recipe(
            name=COLLECTOR,
            files={
                "/otelcol-contrib": ensure_built(place, "otelcol"),
                "/etc/ssl/certs/ca-certificates.crt": Path("/etc/ssl/certs/ca-certificates.crt"),
            },
            folders={"/tmp": "10001:10001"},  # noqa: S108  # a folder in the image
            settings=(
                "--user",
                "10001",
                "--entrypoint",
                '["/otelcol-contrib"]',
                "--cmd",
                "--config /etc/otelcol-contrib/config.yaml",
                "--port",
                "4317",
                "--port",
                "4318",
            ),
        ),
    ):
        ensure_pushed(place, recipe)


def ensure_pushed(place: Place, recipe: Recipe) -> None:
    if recipe.name not in known(place):
        _ensure_made(place, recipe)
        push(place, recipe.name)


def push(place: Place, image: str) -> None:
    """An image of buildah's, into containerd. ClusterError where there is no such image, or no cluster."""
    if not place.socket.exists():
        raise ClusterError("The cluster is not up: `make cluster`.")
    with tempfile.TemporaryDirectory(dir=place.root) as folder:
        archive = Path(folder) / "image.tar"
        buildah(place, "push", "--quiet", image, f"docker-archive:{archive}:{image}")
        containerd(place, "images", "import", archive)


def known(place: Place) -> list[str]:
    """Names of the images in containerd."""
    return containerd(place, "images", "ls", "-q").split()


def containerd(place: Place, *argv: str | Path) -> str:
    return run("ctr", "--address", place.socket, "--namespace", "k8s.io", *argv)


def buildah(place: Place, *argv: str | Path) -> str:
    return run("buildah", *argv, env=place.variables)


def made(place: Place, image: str) -> bool:
    return answers(("buildah", "inspect", "--type", "image", image), env=place.variables)


def _ensure_made(place: Place, recipe: Recipe) -> None:
    if made(place, recipe.name):
        return
    say(f"making {recipe.name}")
    working = buildah(place, "from", "scratch").strip()
    try:
        with tempfile.TemporaryDirectory(dir=place.root) as folder:
            root = Path(folder) / "root.tar"
            if recipe.packages:
                debian(root, recipe.packages)
                buildah(place, "add", "--quiet", working, root, "/")
            _add_files(place, working, recipe, empty=Path(folder))
        buildah(place, "config", *recipe.settings, working)
        buildah(place, "commit", "--quiet", "--format", "docker", working, recipe.name)
    finally:
        buildah(place, "rm", working)


def _add_files(place: Place, working: str, recipe: Recipe, *, empty: Path) -> None:
    nothing = empty / "nothing"
    nothing.mkdir()
    for path, owner in recipe.folders.items():
        buildah(place, "copy", "--quiet", "--chown", owner, "--chmod", "1777", working, nothing, path)
    for path, file in recipe.files.items():
        buildah(place, "copy", "--quiet", "--chmod", "755", working, file, path)


def debian(root: Path, packages: Sequence[str]) -> None:
    """A root file system of Debian 12 with these packages, as a tar file. apt checks the signatures."""
    slim = (*(f"--dpkgopt=path-exclude=/usr/share/{each}/*" for each in NEEDLESS), '--aptopt=APT::Install-Recommends "false"')
    merged = "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr"  # with usr-is-merged, what would otherwise need all of Perl
    run(
        "mmdebstrap", "--quiet", "--variant=minbase", merged, *slim, f"--include={','.join(('usr-is-merged', *packages))}", "bookworm", root
    )
