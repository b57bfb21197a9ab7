"""The project's own images: built from its Dockerfile, weighed, looked into, and handed to the cluster."""

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from e2e.cluster.commands import ClusterError, run
from e2e.cluster.images import PYTHON, buildah, push
from e2e.cluster.place import REPOSITORY, Place
from e2e.cluster.provisions import say
from searchindex import __version__

MEGABYTE = 10**6
AUTHORITY = "/run/secrets/ca.pem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One of the Dockerfile's, and what is promised of it."""

    name: str
    megabytes: int  # at most; decimal, unpacked, with the base image
    without: tuple[str, ...] = ()  # packages that may not be importable in it
    imports: str = ""  # modules that have to be
    kernels: bool = False  # whether it brings those of text towers, ready to be called

    @property
    def image(self) -> str:
        return f"localhost/searchindex/{self.name}:{__version__}"


TARGETS = (
    Target(name="service", megabytes=400, without=("torch", "open_clip", "kopf", "llvmlite"), imports="service.__main__", kernels=True),
    Target(name="jobs", megabytes=400, without=("torch", "open_clip", "kopf", "llvmlite"), imports="jobs.__main__", kernels=True),
    Target(name="controller", megabytes=200, without=("torch", "onnxruntime", "fastapi", "numpy"), imports="controller.handlers"),
    Target(name="samples", megabytes=300),
)


def build(place: Place, names: list[str]) -> None:
    """Those targets, or all, upon the base image; then into containerd, where the cluster is up.

    ClusterError where one is not what is promised.
    """
    for target in TARGETS:
        if not names or target.name in names:
            say(f"building {target.image}")
            _build(place, target)
            say(f"{target.image}: {_check(place, target):.0f} MB, at most {target.megabytes}")
            if place.socket.exists():
                push(place, target.image)


def _build(place: Place, target: Target) -> None:
    revision = run("git", "-C", REPOSITORY, "describe", "--always", "--dirty").strip() if (REPOSITORY / ".git").exists() else "unknown"
    with tempfile.TemporaryDirectory(dir=place.root) as folder:
        buildah(
            place,
            *("build", "--quiet", "--layers", "--pull-never", "--format", "docker", "--isolation", "chroot", "--network", "host"),
            *("--build-arg", f"BASE_IMAGE={PYTHON}", "--build-arg", f"VERSION={__version__}", "--build-arg", f"REVISION={revision}"),
            *secrets(Path(folder), os.environ),
            *("--target", target.name, "--tag", target.image, "--file", REPOSITORY / "Dockerfile", REPOSITORY),
        )


def secrets(folder: Path, environment: Mapping[str, str]) -> list[str]:
    """Settings of this machine's pip, which no image is to carry: arguments for files that only the build sees."""
    lines = [
        f"{name.lower().replace('_', '-')} = {environment[f'PIP_{name}']}"
        for name in ("INDEX_URL", "TIMEOUT")
        if environment.get(f"PIP_{name}")
    ]
    given = []
    if authority := environment.get("PIP_CERT") or environment.get("SSL_CERT_FILE"):
        given.append(f"--secret=id=ca.pem,src={authority}")
        lines.append(f"cert = {AUTHORITY}")
    if lines:
        (folder / "pip.conf").write_text("\n".join(("[global]", *lines, "")))
        given.append(f"--secret=id=pip.conf,src={folder / 'pip.conf'}")
    return given


def _check(place: Place, target: Target) -> float:
    """Its size in megabytes."""
    size = json.loads(buildah(place, "images", "--json", target.image))[0]["size"]
    megabytes = decimal(size)
    if megabytes > target.megabytes:
        raise ClusterError(f"{target.image} has {megabytes:.0f} MB; at most {target.megabytes} are promised. What has it grown by?")
    if target.imports:
        _look_inside(place, target)
    return megabytes


def decimal(size: str) -> float:
    """Megabytes of `361 MB`, as buildah writes it."""
    number, unit = size.split()
    return float(number) * {"KB": 10**3, "MB": 10**6, "GB": 10**9}[unit] / MEGABYTE


def _look_inside(place: Place, target: Target) -> None:
    """With the image's own Python, as its own user."""
    asked = f"import importlib.util as u, {target.imports}; print(*[p for p in {target.without!r} if u.find_spec(p)])"
    if target.kernels:
        asked += "; from searchindex.encoders.kernels.library import library; library()"
    working = buildah(place, "from", "--pull-never", target.image).strip()
    try:
        found = buildah(place, "run", "--isolation", "chroot", working, "--", "python", "-c", asked).strip()
    finally:
        buildah(place, "rm", working)
    if found:
        raise ClusterError(f"{target.image} holds {found}, which it is not to need.")
