"""SearchIndexes of the tests, and the pods that stand for indexing where indexing itself is not what is tested."""

from typing import Any

from e2e.kubernetes.kubectl import Manifest

BASE_IMAGE = "localhost/python:3.11-slim-bookworm"
PICTOGRAMS = "ResNet10-MiniLM/pictograms"


def search_index(name: str, *, host: str, port: int = 6333, **spec: Any) -> Manifest:
    """The smallest one over a volume that needs nothing."""
    smallest: dict[str, Any] = {
        "store": {"host": host, "httpPort": port},
        "model": {"name": PICTOGRAMS},
        "sources": [{"name": "photos", "volume": {"emptyDir": {}}}],
    }
    return {
        "apiVersion": "searchindex.dev/v1alpha1",
        "kind": "SearchIndex",
        "metadata": {"name": name},
        "spec": smallest | spec,
    }


STUB: Manifest = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "stub"},
    "data": {"jobs.py": "import os, sys\nsys.exit(os.waitstatus_to_exitcode(os.system(os.environ['STUB'])))\n"},
}


def quick(command: str = "exit 0", *, env: tuple[Manifest, ...] = (), **indexing: Any) -> dict[str, Any]:
    """`spec.indexing` whose pods run a shell command instead of indexing: a module of the indexer's name lies before it on the path."""
    told = [{"name": "PYTHONPATH", "value": "/stub"}, {"name": "STUB", "value": command}, *env]
    indexer = {"name": "indexer", "env": told, "volumeMounts": [{"name": "stub", "mountPath": "/stub"}]}
    pod = {"containers": [indexer], "volumes": [{"name": "stub", "configMap": {"name": "stub"}}], "terminationGracePeriodSeconds": 1}
    return {"image": BASE_IMAGE, "podTemplate": {"spec": pod}, **indexing}
