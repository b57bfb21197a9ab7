"""The whole product as helm installs it, with an index over the sample pictures, reached through the ingress."""

import json
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from e2e.kubernetes.helm import helm
from e2e.kubernetes.indexes import PICTOGRAMS
from e2e.kubernetes.kubectl import Kubectl, Manifest, Refused, condition, eventually
from e2e.kubernetes.samples import CLAIM, INDEX, MODEL, REPOSITORY, claim, image, pod_on_claim
from searchindex import __version__
from service.key_file import KeyScope, new_key

ROOT = Path(__file__).parents[2]
CHARTS = ROOT / "charts"
LOGS = ROOT / ".build" / "e2e"
INGRESS = os.environ.get("E2E_INGRESS", "http://127.0.0.1:8081")


@dataclass(frozen=True, slots=True)
class Release:
    """`client` goes through the ingress with a key of the scope admin. `began`: monotonic seconds when helm was called."""

    name: str
    kubectl: Kubectl
    host: str
    key: str
    client: httpx2.Client
    began: float = field(default_factory=time.monotonic)

    @property
    def store(self) -> Manifest:
        return {"host": f"{self.name}-qdrant", "apiKeySecretRef": {"name": f"{self.name}-qdrant", "key": "api-key"}}

    @property
    def values(self) -> dict[str, Any]:
        """With the keys, no trace but one that a caller asks for, and the collector's output to read them in."""
        given = values(self.host, self.kubectl.namespace)
        given["api"]["apiKeys"] = {"existingSecret": "api-keys"}
        told = {"export": {"logged": "detailed"}}
        return given | {
            "otelCollector": told,
            "tracesSampleRatio": 0,
            "smokeTest": {"apiKeySecret": "api-keys", "apiKeySecretKey": "clear"},
        }

    def search(self, query: str, **others: Any) -> Any:
        answer = self.client.post("/search", json={"query": query, **others})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def helm(self, *arguments: str, seconds: float = 300) -> str:
        return helm(self.kubectl, *arguments, seconds=seconds).stdout

    def install(self, *flags: str) -> str:
        """Or upgrade. The API is ready only once there is an index, so nothing is waited for."""
        return self.install_with(self.values, *flags)

    def install_with(self, given: dict[str, Any], *flags: str) -> str:
        """`given`: values of the chart."""
        return self.helm("upgrade", "--install", self.name, str(CHARTS / "searchindex"), "--values", str(self._file(given)), *flags)

    def wait_for_index(self, seconds: float = 300) -> Manifest:
        """The SearchIndex, once it is Ready."""
        eventually(lambda: condition(self.kubectl.get("si", INDEX), "Ready")[0] == "True", "the index is Ready", seconds=seconds)
        return self.kubectl.get("si", INDEX) or {}

    def wait_for_answers(self, seconds: float = 120) -> None:
        def answered() -> bool:
            return self.client.post("/search", json={"query": "red heart"}).status_code == 200

        eventually(answered, "a search through the ingress is answered", seconds=seconds)

    def _file(self, given: dict[str, Any]) -> Path:
        LOGS.mkdir(parents=True, exist_ok=True)
        path = LOGS / f"{self.name}-values.json"
        path.write_text(json.dumps(given))
        return path


def values(host: str, namespace: str) -> dict[str, Any]:
    """Of the chart: small, with the project's own images, one namespace, everything of the chart's own."""
    registry, _, repository = REPOSITORY.rpartition("/")
    ours = {"registry": registry, "tag": __version__}
    return {
        "api": {
            "image": {**ours, "repository": f"{repository}/service"},
            "collection": INDEX,
            "model": {"name": PICTOGRAMS, "source": "pvc", "pvc": {"claimName": CLAIM, "path": MODEL}},
            "pictures": {"twemoji": {"claimName": CLAIM, "path": "pictures"}},
            "ingress": {"enabled": True, "hosts": [host]},
            "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "1500Mi"}},
        },
        "controller": {
            "image": {**ours, "repository": f"{repository}/controller"},
            "indexer": {"image": image("jobs")},
            "watchNamespaces": [namespace],
        },
        "qdrant": {"resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "2Gi"}}},
    }


@contextmanager
def released(kubectl: Kubectl) -> Iterator[Release]:
    """In a namespace of its own, where the *restricted* Pod Security Standard is enforced. On failure the pods' logs stay in .build/e2e."""
    namespace = f"e2e-{uuid.uuid4().hex[:6]}"
    kubectl.run("create", "namespace", namespace)
    enforced = [f"pod-security.kubernetes.io/{mode}=restricted" for mode in ("enforce", "warn", "audit")]
    kubectl.run("label", "namespace", namespace, *enforced)
    within = kubectl.within(namespace)
    key, line = new_key("e2e", {KeyScope.ADMIN})
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "api-keys"}, "stringData": {"keys": line, "clear": key}}
    within.apply(secret, claim(), pod_on_claim("fill"))
    host = f"{namespace}.localhost"  # which browsers take for this machine
    headers = {"Host": host, "X-API-Key": key}
    with httpx2.Client(base_url=INGRESS, headers=headers, timeout=30, trust_env=False) as client:
        yield Release("si", within, host, key, client)
    within.run("delete", "jobs", "--all", "--wait=false")
    kubectl.run("delete", "namespace", namespace, "--wait=false")


def keep_logs(kubectl: Kubectl, name: str) -> Path:
    """What every pod of the namespace says, what the cluster says of it, in a folder."""
    folder = LOGS / name
    folder.mkdir(parents=True, exist_ok=True)
    pods = [pod["metadata"]["name"] for pod in kubectl.list("pods")]
    kept = {f"{pod}.log": ("logs", pod, "--all-containers", "--prefix", "--tail=2000") for pod in pods}
    kept["events.txt"] = ("get", "events", "--sort-by=.lastTimestamp")
    kept["objects.txt"] = ("describe", "pods,searchindexes,jobs,pvc")
    for file, command in kept.items():
        with suppress(Refused):  # one of them ended meanwhile
            (folder / file).write_text(kubectl.run(*command))
    return folder
