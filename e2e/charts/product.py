"""The whole product by one release, as a person asks for it who has no keys yet, and searches through the ingress."""

import http.client
import json
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from e2e.kubernetes import release
from e2e.kubernetes.samples import search_index

ROOT = Path(__file__).parents[2]
RELEASE = "si"
HOST = "installed.example"
QUERY = {"query": "red heart", "top_k": 3}
INDEX = search_index({"host": f"{RELEASE}-qdrant", "apiKeySecretRef": {"name": f"{RELEASE}-qdrant", "key": "api-key"}})


def values(namespace: str, **api: Any) -> dict[str, Any]:
    """`api`: more of `api`."""
    given = release.values(HOST, namespace)
    given["api"] |= api
    given["qdrant"] |= {"persistence": {"size": "1Gi"}, "snapshots": {"size": "1Gi"}}
    return given


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
    place = urlsplit(release.INGRESS)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=20)
    try:
        headers = {"Host": HOST, "Content-Type": "application/json"} | ({"X-API-Key": key} if key else {})
        connection.request("POST" if body else "GET", path, json.dumps(body) if body else None, headers)
        answer = connection.getresponse()
        text = answer.read()
    finally:
        connection.close()
    return answer.status, json.loads(text) if "json" in (answer.getheader("Content-Type") or "") else text
