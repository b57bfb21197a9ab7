"""The whole product by one release: its values for a cluster of the tests, its index over the samples, and searches through the ingress."""

import http.client
import json
import os
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from e2e.kubernetes.indexes import PICTOGRAMS
from e2e.kubernetes.kubectl import Manifest

ROOT = Path(__file__).parents[2]
RELEASE = "si"
HOST = "installed.example"
QUERY = {"query": "red heart", "top_k": 3}
FOLDER = "models/ResNet10-MiniLM--pictograms"
INDEX: Manifest = {
    "apiVersion": "searchindex.dev/v1alpha1",
    "kind": "SearchIndex",
    "metadata": {"name": "pictograms"},
    "spec": {
        "store": {"host": f"{RELEASE}-qdrant", "apiKeySecretRef": {"name": f"{RELEASE}-qdrant", "key": "api-key"}},
        "model": {"name": PICTOGRAMS, "source": {"pvc": {"claimName": "samples", "path": FOLDER}}},
        "sources": [{"name": "samples", "pvc": {"claimName": "samples", "path": "pictures"}}],
    },
}


def registry() -> str:
    """Where the project's own images are, as e2e/target.py says."""
    return os.environ.get("E2E_REPOSITORY", "localhost/searchindex").removesuffix("/searchindex")


def values(namespace: str, **api: Any) -> dict[str, Any]:
    """Small requests, as a machine of tests has two cores; nothing else is changed but where things are. `api`: more of `api`."""
    small = {"requests": {"cpu": "50m", "memory": "256Mi"}, "limits": {"memory": "2Gi"}}
    return {
        "api": {
            "image": {"registry": registry()},
            "collection": "pictograms",
            "model": {"name": PICTOGRAMS, "source": "pvc", "pvc": {"claimName": "samples", "path": FOLDER}},
            "pictures": {"samples": {"claimName": "samples", "path": "pictures"}},
            "ingress": {"enabled": True, "hosts": [HOST]},
            "resources": small,
            **api,
        },
        "controller": {"image": {"registry": registry()}, "watchNamespaces": [namespace]},
        "qdrant": {"resources": small, "persistence": {"size": "1Gi"}, "snapshots": {"size": "1Gi"}},
    }


def first_chart(folder: Path) -> Path | None:
    """The chart as it was first released, from the history; None where the clone does not reach that far."""
    chart = "charts/searchindex"
    listed = subprocess.run(
        ["git", "log", "--diff-filter=A", "--format=%H", "--", f"{chart}/Chart.yaml"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if not listed.stdout.split():
        return None
    archive = subprocess.run(["git", "archive", listed.stdout.split()[-1], chart], cwd=ROOT, capture_output=True, check=True)
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive.stdout, check=True)
    return folder / chart


def ask(path: str, body: object = None, *, key: str = "") -> tuple[int, Any]:
    """Through the ingress: status and document; OSError where there is no answer."""
    place = urlsplit(os.environ.get("E2E_INGRESS", "http://127.0.0.1:8081"))
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=20)
    try:
        headers = {"Host": HOST, "Content-Type": "application/json"} | ({"X-API-Key": key} if key else {})
        connection.request("POST" if body else "GET", path, json.dumps(body) if body else None, headers)
        answer = connection.getresponse()
        text = answer.read()
    finally:
        connection.close()
    return answer.status, json.loads(text) if "json" in (answer.getheader("Content-Type") or "") else text
