"""Brings the cluster up: idempotent, and no matter where an earlier attempt ended."""

import socket
import time
from collections.abc import Mapping
from pathlib import Path

from e2e.cluster.commands import ClusterError
from e2e.cluster.components import NODE, ORDER, PORTS, commands
from e2e.cluster.images import Recipe, containerd, ensure_pushed, system_images
from e2e.cluster.keys import ensure_keys
from e2e.cluster.place import BRIDGE, HERE, Place, node_address
from e2e.cluster.processes import Processes, shims
from e2e.cluster.provisions import ensure_built, ensure_packages, ensure_tools, say

READY_SECONDS = 120
FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
CONFIGURED = ("storage.conf", "containerd.toml", "proxy.yaml", "kubelet.yaml", "10-bridge.conflist")
MANIFESTS = ("coredns.yaml", "traefik.yaml", "storage.yaml")


def up(place: Place) -> None:
    """Returns once the node is ready, names resolve, and the ingress answers."""
    began = time.monotonic()
    for folder in (place.run, place.built, place.logs, place.config / "cni"):
        folder.mkdir(parents=True, exist_ok=True)
    ensure_packages()
    ensure_tools(place)
    localkube, address = ensure_built(place, "localkube"), node_address()
    ensure_keys(place, address=address)
    processes = Processes(place)
    _check_ports(processes)
    _forward(place)
    system = system_images(place)
    render(place, *CONFIGURED, images=names(system))
    starts = commands(place, localkube=localkube, address=address)
    for name in ORDER:
        processes.start(name, starts[name])
        if name == "containerd":
            processes.wait(name, lambda: containerd(place, "version"))
            for recipe in system.values():
                ensure_pushed(place, recipe)
        if name == "apiserver":
            processes.wait(name, lambda: place.kubectl("get", "--raw", "/readyz"))
    _apply(place, names(system))
    for name in ORDER:
        processes.require(name)
    say(f"up in {time.monotonic() - began:.0f} s; the ingress is on 127.0.0.1:{PORTS['ingress']}")


def _apply(place: Place, system: Mapping[str, str]) -> None:
    for manifest in MANIFESTS:
        place.kubectl("apply", "-f", "-", given=rendered(place, manifest, images=system))
    bounded = f"--timeout={READY_SECONDS}s"
    place.kubectl("wait", f"node/{NODE}", "--for=create", bounded)
    place.kubectl("wait", f"node/{NODE}", "--for=condition=Ready", bounded)
    place.kubectl("-n", "kube-system", "rollout", "status", "deploy/coredns", "deploy/traefik", bounded)


def _check_ports(processes: Processes) -> None:
    """ClusterError where a port is taken, before anything has started to fail because of it. Our own pods outlive their kubelet."""
    for name, port in PORTS.items():
        if name == "ingress" and any(shims(processes.place)):
            continue
        with socket.socket() as probe:
            taken = probe.connect_ex(("127.0.0.1", port)) == 0
        if taken and processes.pid(name) is None:
            raise ClusterError(f"Port {port} is taken, which {name} needs. Is there another cluster on this machine?")


def _forward(place: Place) -> None:
    """Pods reach each other through this machine; `down` puts back what was before."""
    before = place.run / "ip_forward"
    if not before.exists():
        before.write_text(FORWARDING.read_text())
    FORWARDING.write_text("1\n")


def names(recipes: Mapping[str, Recipe]) -> dict[str, str]:
    return {name: recipe.name for name, recipe in recipes.items()}


def render(place: Place, *sources: str, images: Mapping[str, str]) -> None:
    """Into the state directory, where the components look for them. kube-proxy ends when its file is written, even with the same words."""
    for source in sources:
        target = (place.config / "cni" if source.endswith(".conflist") else place.config) / source
        text = rendered(place, source, images=images)
        if not target.exists() or target.read_text() != text:
            target.write_text(text)


def rendered(place: Place, source: str, *, images: Mapping[str, str]) -> str:
    """A file of `config/` with this machine's paths and the system's images in it."""
    text = (HERE / "config" / source).read_text()
    values = {"ROOT": str(place.root), "BRIDGE": BRIDGE, **{name.upper(): image for name, image in images.items()}}
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text
