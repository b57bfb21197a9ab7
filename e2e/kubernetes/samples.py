"""The sample pictures and the small model on a claim, and a SearchIndex over them."""

import os
from typing import Any

from e2e.kubernetes.indexes import PICTOGRAMS
from e2e.kubernetes.kubectl import Manifest
from searchindex import __version__

REPOSITORY = os.environ.get("E2E_REPOSITORY", "localhost/searchindex")  # of the project's own images, as e2e/target.py says
MODEL = "models/ResNet10-MiniLM--pictograms"
INDEX = "pictograms"
CLAIM = "samples"

RESTRICTED = {"readOnlyRootFilesystem": True, "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
POD = {"runAsNonRoot": True, "runAsUser": 65532, "fsGroup": 65532, "seccompProfile": {"type": "RuntimeDefault"}}


def image(target: str) -> str:
    return f"{REPOSITORY}/{target}:{__version__}"


def claim() -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": CLAIM},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }


def pod_on_claim(name: str, *, target: str = "samples", command: list[str] | None = None) -> Manifest:
    """A Job with the claim at /data; without a command the samples copy themselves there."""
    container: dict[str, Any] = {
        "name": "main",
        "image": image(target),
        "securityContext": RESTRICTED,
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    container |= {"command": command} if command else {}
    spec = {
        "restartPolicy": "Never",
        "securityContext": POD,
        "automountServiceAccountToken": False,
        "containers": [container],
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": CLAIM}}],
    }
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": {"backoffLimit": 1, "template": {"spec": spec}}}


def search_index(store: Manifest, **spec: Any) -> Manifest:
    """Over the sample pictures, into the release's own Qdrant."""
    given: dict[str, Any] = {
        "store": store,
        "model": {"name": PICTOGRAMS, "source": {"pvc": {"claimName": CLAIM, "path": MODEL}}},
        "sources": [{"name": "twemoji", "pvc": {"claimName": CLAIM, "path": "pictures"}}],
        "indexing": {"shards": 2, "parallelism": 2},
    }
    return {"apiVersion": "searchindex.dev/v1alpha1", "kind": "SearchIndex", "metadata": {"name": INDEX}, "spec": given | spec}
