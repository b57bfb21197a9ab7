"""The command line of every component, in the order in which they start. Pure: paths in, words out."""

from collections.abc import Sequence
from pathlib import Path

from e2e.cluster.place import Place

NODE = "searchindex"
SERVICES = "10.96.0.0/16"
PODS = "10.244.0.0/16"
API = "https://127.0.0.1:6443"
PORTS = {"etcd": 2379, "apiserver": 6443, "kubelet": 10250, "controllers": 10257, "scheduler": 10259, "ingress": 8081}
ORDER = ("etcd", "apiserver", "controllers", "scheduler", "volumes", "containerd", "kubelet", "proxy")

Words = Sequence[str | Path]


def commands(place: Place, *, localkube: Path, address: str) -> dict[str, Words]:
    """Name to argument vector, for each of ORDER."""
    keys, config = place.keys, place.config
    return {
        "etcd": (localkube, "etcd", "--data-dir", place.root / "etcd", "--unsafe-no-fsync"),
        "apiserver": _apiserver(place, localkube=localkube, address=address),
        "controllers": _controllers(place, localkube=localkube),
        "scheduler": (
            localkube,
            "kube-scheduler",
            f"--kubeconfig={keys}/scheduler.conf",
            "--leader-elect=false",
            "--bind-address=127.0.0.1",
        ),
        "volumes": (localkube, "volumes", f"--kubeconfig={keys}/admin.conf", f"--root={place.root}/volumes"),
        "containerd": ("containerd", "-c", config / "containerd.toml"),
        "kubelet": (
            *(localkube, "kubelet", f"--config={config}/kubelet.yaml", f"--kubeconfig={keys}/kubelet.conf"),
            *(f"--hostname-override={NODE}", f"--node-ip={address}", f"--root-dir={place.root}/kubelet"),
        ),
        "proxy": (localkube, "kube-proxy", f"--config={config}/proxy.yaml"),
    }


def _apiserver(place: Place, *, localkube: Path, address: str) -> Words:
    keys = place.keys
    return (
        *(localkube, "kube-apiserver", "--etcd-servers=http://127.0.0.1:2379", f"--service-cluster-ip-range={SERVICES}"),
        *(f"--advertise-address={address}", f"--secure-port={PORTS['apiserver']}", f"--client-ca-file={keys}/ca.crt"),
        *(f"--tls-cert-file={keys}/apiserver.crt", f"--tls-private-key-file={keys}/apiserver.key"),
        *(f"--service-account-key-file={keys}/accounts.key", f"--service-account-signing-key-file={keys}/accounts.key"),
        *("--service-account-issuer=https://kubernetes.default.svc", "--authorization-mode=Node,RBAC", "--allow-privileged"),
        *(f"--kubelet-client-certificate={keys}/admin.crt", f"--kubelet-client-key={keys}/admin.key"),
        *("--kubelet-preferred-address-types=InternalIP", "--enable-admission-plugins=NodeRestriction"),
    )


def _controllers(place: Place, *, localkube: Path) -> Words:
    keys = place.keys
    return (
        *(localkube, "kube-controller-manager", f"--kubeconfig={keys}/controllers.conf", "--leader-elect=false"),
        *(f"--service-account-private-key-file={keys}/accounts.key", "--use-service-account-credentials"),
        *(f"--root-ca-file={keys}/ca.crt", f"--cluster-signing-cert-file={keys}/ca.crt", f"--cluster-signing-key-file={keys}/ca.key"),
        *(f"--cluster-cidr={PODS}", "--allocate-node-cidrs", "--bind-address=127.0.0.1"),
    )
