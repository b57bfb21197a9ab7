"""The cluster's own certificate authority, a key for each component, and the files by which they reach the API server."""

import base64
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from e2e.cluster.commands import run
from e2e.cluster.components import API, NODE
from e2e.cluster.place import Place

DAYS = "3650"
INSIDE = "IP:10.96.0.1,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local"
USES = "keyUsage=digitalSignature,keyEncipherment\nextendedKeyUsage=serverAuth,clientAuth\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whom a certificate names, and under which addresses it serves, if it does."""

    name: str
    subject: str
    addresses: str = ""

    @property
    def extensions(self) -> str:
        return USES + (f"subjectAltName={self.addresses}\n" if self.addresses else "")


def identities(address: str) -> tuple[Identity, ...]:
    served = f"IP:127.0.0.1,IP:{address},DNS:localhost"
    return (
        Identity(name="apiserver", subject="/CN=kube-apiserver", addresses=f"{served},{INSIDE}"),
        Identity(name="kubelet", subject=f"/O=system:nodes/CN=system:node:{NODE}", addresses=f"{served},DNS:{NODE}"),
        Identity(name="admin", subject="/O=system:masters/CN=admin"),
        Identity(name="controllers", subject="/CN=system:kube-controller-manager"),
        Identity(name="scheduler", subject="/CN=system:kube-scheduler"),
        Identity(name="proxy", subject="/CN=system:kube-proxy"),
    )


def ensure_keys(place: Place, *, address: str) -> None:
    """Made once for an address of the machine; made anew where that has changed. Complete, or not there at all."""
    if (place.keys / f"for-{address}").exists():
        return
    making = place.root / "keys.making"
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(mode=0o700)
    _authority(making, earlier=place.keys)
    for identity in identities(address):
        _certificate(making, identity)
        (making / f"{identity.name}.conf").write_text(json.dumps(kubeconfig(making, identity.name)))
    (making / f"for-{address}").touch()
    shutil.rmtree(place.keys, ignore_errors=True)
    making.rename(place.keys)


def _authority(folder: Path, *, earlier: Path) -> None:
    """The authority and the accounts' key stay when the address changes: tokens in the cluster's state rest on them."""
    for name in ("ca.key", "ca.crt", "accounts.key"):
        if (earlier / name).exists():
            shutil.copy2(earlier / name, folder / name)
    if not (folder / "ca.crt").exists():
        run(
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            "ca.key",
            "-out",
            "ca.crt",
            "-subj",
            "/CN=searchindex",
            "-days",
            DAYS,
            cwd=folder,
        )
    if not (folder / "accounts.key").exists():
        run("openssl", "genrsa", "-out", "accounts.key", "2048", cwd=folder)


def _certificate(folder: Path, identity: Identity) -> None:
    name = identity.name
    (folder / f"{name}.ext").write_text(identity.extensions)
    run(
        "openssl",
        "req",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        f"{name}.key",
        "-out",
        f"{name}.csr",
        "-subj",
        identity.subject,
        cwd=folder,
    )
    run(
        *("openssl", "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial"),
        *("-out", f"{name}.crt", "-days", DAYS, "-extfile", f"{name}.ext"),
        cwd=folder,
    )


def kubeconfig(folder: Path, name: str) -> dict[str, object]:
    """A kubeconfig, as JSON, which is YAML too; it carries its keys with it."""
    authority, certificate, key = (
        base64.b64encode((folder / file).read_bytes()).decode() for file in ("ca.crt", f"{name}.crt", f"{name}.key")
    )
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": NODE,
        "clusters": [{"name": NODE, "cluster": {"server": API, "certificate-authority-data": authority}}],
        "users": [{"name": name, "user": {"client-certificate-data": certificate, "client-key-data": key}}],
        "contexts": [{"name": NODE, "context": {"cluster": NODE, "user": name}}],
    }
