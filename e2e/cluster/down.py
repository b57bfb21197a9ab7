"""Takes the cluster down: what `up` has started, mounted or configured, also where `up` was cut short."""

import os
import shutil
from pathlib import Path

from e2e.cluster.commands import ClusterError, answers, run
from e2e.cluster.components import ORDER
from e2e.cluster.images import containerd
from e2e.cluster.place import BRIDGE, Place
from e2e.cluster.processes import Processes, end, shims
from e2e.cluster.provisions import ensure_built, say
from e2e.cluster.up import FORWARDING

CGROUPS = Path("/sys/fs/cgroup")
LINKS = Path("/var/log/containers")
TABLES = (("ip", "kube-proxy"), ("ip6", "kube-proxy"))
STATE = ("etcd", "kubelet", "volumes", "keys", "leases", "pod-logs", "logs")


def down(place: Place, *, wipe: bool) -> None:
    """Ends everything. What was applied to the cluster comes back with the next `up`, unless it is wiped; images stay in any case."""
    if place.run.exists():
        _end(place)
    if wipe:
        for name in STATE:
            shutil.rmtree(place.root / name, ignore_errors=True)
    say("down, and its state forgotten" if wipe else "down")


def _end(place: Place) -> None:
    processes = Processes(place)
    processes.stop("kubelet")  # first, because it would start the pods anew
    _remove_pods(place, processes)
    for name in reversed(ORDER):
        processes.stop(name)
    for pid in (*shims(place), *in_pods(CGROUPS)):
        end(pid)
    place.socket.unlink(missing_ok=True)  # by it other commands see whether there is a cluster
    _unmount(place)
    _remove_links(place)
    _restore_network(place)
    _remove_cgroups()


def _remove_pods(place: Place, processes: Processes) -> None:
    """With their networks. Needs containerd, which a cluster cut short may no longer have."""
    if processes.pid("containerd") is None:
        if not any(shims(place)):
            return
        processes.start("containerd", ("containerd", "-c", place.config / "containerd.toml"))
    try:
        processes.wait("containerd", lambda: containerd(place, "version"))
        run(ensure_built(place, "localkube"), "sweep", place.endpoint)
    except ClusterError as error:
        say(f"the pods did not end in order, and are killed: {error}")


def _unmount(place: Place) -> None:
    for path in mounted(Path("/proc/mounts").read_text(), under=place.root):
        answers(("umount", "--lazy", path))


def _remove_links(place: Place) -> None:
    """The kubelet's links to the logs of its containers; their folder is the same for every kubelet."""
    for link in LINKS.glob("*.log"):
        if str(link.readlink()).startswith(f"{place.root}/"):
            link.unlink()


def mounted(table: str, *, under: Path) -> list[str]:
    r"""Mount points below that folder, the innermost first. The kernel writes a space as \040."""
    points = (line.split(" ")[1].replace("\\040", " ") for line in table.splitlines())
    return sorted((point for point in points if point.startswith(f"{under}/")), reverse=True)


def _restore_network(place: Place) -> None:
    answers(("ip", "link", "delete", BRIDGE))
    for family, table in TABLES:
        answers(("nft", "delete", "table", family, table))
    before = place.run / "ip_forward"
    if before.exists():
        FORWARDING.write_text(before.read_text())
        before.unlink()


def in_pods(cgroups: Path) -> list[int]:
    """Pids of what still runs in a pod, where the pods could not be ended in order."""
    found = (*cgroups.glob("kubepods/**/cgroup.procs"), *cgroups.glob("*/kubepods/**/cgroup.procs"))
    return sorted({int(pid) for procs in found for pid in procs.read_text().split()})


def _remove_cgroups() -> None:
    """Those that the kubelet has made. One that still holds a process cannot be removed, so none of another's can."""
    for hierarchy in (CGROUPS, *CGROUPS.iterdir()):
        for folder, _, _ in os.walk(hierarchy / "kubepods", topdown=False):
            try:
                Path(folder).rmdir()
            except OSError as error:
                say(f"{folder} stays: {error.strerror}")
