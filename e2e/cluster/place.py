"""Where the cluster keeps everything, outside the repository, so that a new clone meets what an older one built."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from e2e.cluster.commands import ClusterError, run

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
VARIABLE = "SEARCHINDEX_CLUSTER_STATE"
DEFAULT = Path("/var/lib/searchindex-cluster")
BRIDGE = "cni-searchindex"  # a network interface's name has at most 15 characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The state directory; every path in it has its name here."""

    root: Path

    @property
    def run(self) -> Path:
        """Pid files, one a component: `apiserver.pid` is where a fault test finds what to stop."""
        return self.root / "run"

    @property
    def built(self) -> Path:
        return self.root / "built"

    @property
    def keys(self) -> Path:
        return self.root / "keys"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def config(self) -> Path:
        return self.root / "config"

    @property
    def tools(self) -> Path:
        """A virtual environment with kubectl, helm, k6 and traefik in it."""
        return self.root / "tools"

    @property
    def kubeconfig(self) -> Path:
        return self.keys / "admin.conf"

    @property
    def socket(self) -> Path:
        return self.root / "containerd.sock"

    @property
    def endpoint(self) -> str:
        return f"unix://{self.socket}"

    @property
    def variables(self) -> dict[str, str]:
        """What a program needs to use the cluster, and buildah to find the cluster's images."""
        return {
            "KUBECONFIG": str(self.kubeconfig),
            "CONTAINERS_STORAGE_CONF": str(self.config / "storage.conf"),
            VARIABLE: str(self.root),
            "PATH": f"{self.tools / 'bin'}:{os.environ.get('PATH', '/usr/bin:/bin')}",
        }

    def kubectl(self, *argv: str, given: str | None = None) -> str:
        return run(self.tools / "bin" / "kubectl", *argv, env=self.variables, given=given)


def find_place() -> Place:
    """From SEARCHINDEX_CLUSTER_STATE, else the default."""
    return Place(root=Path(os.environ.get(VARIABLE) or DEFAULT).absolute())


def node_address() -> str:
    """The first address of the machine that is not our own bridge's."""
    for interface in json.loads(run("ip", "-j", "-4", "addr", "show", "scope", "global")):
        for address in interface.get("addr_info", ()):
            if interface["ifname"] != BRIDGE:
                return str(address["local"])
    raise ClusterError("This machine has no network address but the loopback's; a node needs one: `ip addr add 192.0.2.1/24 dev eth0`.")
