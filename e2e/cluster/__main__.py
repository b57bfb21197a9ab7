"""`python3 -m e2e.cluster`: see README.md beside this file."""

import argparse
import fcntl
import json
import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from e2e.cluster.commands import ClusterError
from e2e.cluster.components import NODE
from e2e.cluster.down import down
from e2e.cluster.images import ensure_parts, ensure_python, push
from e2e.cluster.place import Place, find_place
from e2e.cluster.project import build
from e2e.cluster.up import up


def main(argv: list[str] | None = None) -> int:
    """0; 1 where something went wrong that the message explains."""
    given = _parser().parse_args(argv)
    place = find_place()
    if given.command == "env":
        print(exports(place))  # noqa: T201  # what a shell evaluates
        return 0
    try:
        _do(place, given)
    except ClusterError as error:
        print(f"[cluster] {error}", file=sys.stderr)  # noqa: T201  # the person who asked for it
        return 1
    return 0


def _do(place: Place, given: argparse.Namespace) -> None:
    with _alone(place):
        _alter(place, given)
    if given.command == "images":  # for minutes, in which nobody else has to wait
        build(place, given.target)


def _alter(place: Place, given: argparse.Namespace) -> None:
    match given.command:
        case "up":
            up(place)
        case "down":
            down(place, wipe=given.wipe)
        case "base" | "images":
            ensure_python(place)
        case "parts":
            ensure_parts(place)
        case "push":
            push(place, given.image)
        case "gpu":
            advertise_gpus(place, given.number)


def advertise_gpus(place: Place, number: int) -> None:
    """The node says it has them: enough to test that a pod asks for one; there is no device behind it."""
    patch = [{"op": "add", "path": "/status/capacity/nvidia.com~1gpu", "value": str(number)}]
    place.kubectl("patch", "node", NODE, "--subresource=status", "--type=json", "-p", json.dumps(patch))


def exports(place: Place) -> str:
    """Lines for a shell, of which the PATH keeps its own as well."""
    tools = shlex.quote(str(place.tools / "bin"))
    others = (f"export {name}={shlex.quote(value)}" for name, value in place.variables.items() if name != "PATH")
    return "\n".join((*others, f"export PATH={tools}:$PATH"))


@contextmanager
def _alone(place: Place) -> Iterator[None]:
    """Commands wait for one another. ClusterError for anybody but root."""
    if os.geteuid() != 0:
        raise ClusterError("A node makes networks, mounts and namespaces: run this as root.")
    place.root.mkdir(parents=True, exist_ok=True)
    with (place.root / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m e2e.cluster", description="A real Kubernetes of one node, without an image registry.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="start it; builds what is missing")
    commands.add_parser("down", help="stop it").add_argument("--wipe", action="store_true", help="forget its state too; images stay")
    commands.add_parser("env", help="print what a shell evaluates to use it")
    commands.add_parser("base", help="make the stand-in for python:3.11-slim-bookworm")
    commands.add_parser("parts", help="make the images of Qdrant, Redis and the collector, and push them")
    commands.add_parser("images", help="build the project's images, and push them").add_argument("target", nargs="*")
    commands.add_parser("push", help="hand over an image made with buildah").add_argument("image")
    commands.add_parser("gpu", help="let the node claim to have GPUs").add_argument("number", type=int)
    return parser


if __name__ == "__main__":
    sys.exit(main())
