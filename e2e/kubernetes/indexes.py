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


def quick(command: str = "exit 0", **indexing: Any) -> dict[str, Any]:
    """`spec.indexing` whose pods run a shell command on the base image instead of indexing."""
    indexer = {"name": "indexer", "command": ["sh", "-c", command], "args": []}
    return {"image": BASE_IMAGE, "podTemplate": {"spec": {"containers": [indexer], "terminationGracePeriodSeconds": 1}}, **indexing}
