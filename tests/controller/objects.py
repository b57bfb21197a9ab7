"""Kubernetes objects in memory, with as much of the API server's behaviour as the controller relies on: versions, conflicts, generations,
merge and apply patches, a status of its own, labels, finalizers and deletion in the foreground. Deterministic.
"""

import copy
from collections.abc import Mapping
from typing import Any

Manifest = dict[str, Any]
Place = tuple[str, str, str]  # kind's plural, namespace, name

WITH_STATUS = {"searchindexes", "jobs", "pods"}
START = "2026-01-01T00:00:00Z"
LABEL_JOB = "batch.kubernetes.io/job-name"
FOREGROUND = "foregroundDeletion"


class Refused(Exception):
    """An HTTP status of 4xx or 5xx."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class Objects:
    """Returns copies. `namespace` is empty for what has none."""

    def __init__(self) -> None:
        self._objects: dict[Place, Manifest] = {}
        self._applied: dict[Place, Manifest] = {}
        self._version = 0

    def get(self, kind: str, namespace: str, name: str) -> Manifest:
        return copy.deepcopy(self._there((kind, namespace, name)))

    def listed(self, kind: str, namespace: str = "", labels: Mapping[str, str] | None = None) -> list[Manifest]:
        """An empty namespace means all."""
        found = [each for (k, n, _), each in sorted(self._objects.items()) if k == kind and namespace in {"", n}]
        wanted = set((labels or {}).items())
        return copy.deepcopy([each for each in found if wanted <= set((each["metadata"].get("labels") or {}).items())])

    def create(self, kind: str, namespace: str, manifest: Manifest) -> Manifest:
        fresh = copy.deepcopy(manifest)
        metadata = fresh.setdefault("metadata", {})
        self._version += 1
        metadata.setdefault("name", f"{metadata.get('generateName', '')}{self._version}")
        place = (kind, namespace, metadata["name"])
        if place in self._objects:
            raise Refused(409, f"{place} already exists")
        metadata |= {"uid": metadata.get("uid") or f"uid-{self._version}", "generation": 1}
        metadata |= {"namespace": namespace} if namespace else {}
        metadata.setdefault("creationTimestamp", START)
        self._objects[place] = fresh
        return self._changed(place)

    def replace(self, kind: str, namespace: str, name: str, manifest: Manifest) -> Manifest:
        there = self._there((kind, namespace, name))
        self._same_version(there, manifest)
        return self._put((kind, namespace, name), there, copy.deepcopy(manifest))

    def merge(self, kind: str, namespace: str, name: str, change: Manifest) -> Manifest:
        """RFC 7396."""
        there = self._there((kind, namespace, name))
        self._same_version(there, change)
        return self._put((kind, namespace, name), there, merged(there, change))

    def apply(self, kind: str, namespace: str, name: str, manifest: Manifest) -> Manifest:
        """As one field manager: fields that it no longer names are removed. Lists are taken as a whole."""
        place = (kind, namespace, name)
        before = self._applied.get(place, {})
        self._applied[place] = copy.deepcopy(manifest)
        if place not in self._objects:
            return self.create(kind, namespace, manifest)
        there = self._objects[place]
        return self._put(place, there, merged(without(there, before, manifest), manifest))

    def set_status(self, kind: str, namespace: str, name: str, status: Manifest) -> Manifest:
        place = (kind, namespace, name)
        self._there(place)["status"] = copy.deepcopy(status)
        return self._changed(place)

    def merge_status(self, kind: str, namespace: str, name: str, change: Manifest) -> Manifest:
        return self.set_status(kind, namespace, name, merged(self._there((kind, namespace, name)).get("status"), change))

    def delete(self, kind: str, namespace: str, name: str, *, foreground: bool = False) -> None:
        place = (kind, namespace, name)
        metadata = self._there(place)["metadata"]
        if foreground and self._pods_of(place):
            metadata["finalizers"] = [*(metadata.get("finalizers") or ()), FOREGROUND]
        if metadata.get("finalizers"):
            metadata.setdefault("deletionTimestamp", START)
            self._changed(place)
            return
        del self._objects[place]
        self._applied.pop(place, None)
        if kind == "pods":
            self._job_after(self._job_of(namespace, metadata))

    def _there(self, place: Place) -> Manifest:
        if place not in self._objects:
            raise Refused(404, f"{place} not found")
        return self._objects[place]

    def _put(self, place: Place, there: Manifest, wanted: Manifest) -> Manifest:
        """What a client cannot change stays as it is."""
        if place[0] in WITH_STATUS:
            wanted.pop("status", None)
            wanted |= {"status": there["status"]} if "status" in there else {}
        kept = ("uid", "generation", "creationTimestamp", "namespace", "name", "deletionTimestamp")
        wanted["metadata"] |= {key: there["metadata"][key] for key in kept if key in there["metadata"]}
        if wanted.get("spec") != there.get("spec"):
            wanted["metadata"]["generation"] += 1
        self._objects[place] = wanted
        if "deletionTimestamp" in wanted["metadata"] and not wanted["metadata"].get("finalizers"):
            del self._objects[place]
            return copy.deepcopy(wanted)
        return self._changed(place)

    def _changed(self, place: Place) -> Manifest:
        self._version += 1
        self._objects[place]["metadata"]["resourceVersion"] = str(self._version)
        return copy.deepcopy(self._objects[place])

    @staticmethod
    def _same_version(there: Manifest, change: Manifest) -> None:
        wanted = (change.get("metadata") or {}).get("resourceVersion")
        if wanted not in {None, there["metadata"]["resourceVersion"]}:
            raise Refused(409, "the object has been modified")

    def _pods_of(self, place: Place) -> list[Manifest]:
        return self.listed("pods", place[1], {LABEL_JOB: place[2]}) if place[0] == "jobs" else []

    @staticmethod
    def _job_of(namespace: str, metadata: Manifest) -> Place:
        return "jobs", namespace, str((metadata.get("labels") or {}).get(LABEL_JOB, ""))

    def _job_after(self, job: Place) -> None:
        """A Job that is deleted in the foreground goes with its last pod."""
        if job in self._objects and FOREGROUND in (self._objects[job]["metadata"].get("finalizers") or ()) and not self._pods_of(job):
            del self._objects[job]
            self._applied.pop(job, None)


def merged(there: Any, change: Any) -> Any:
    if not isinstance(change, dict):
        return copy.deepcopy(change)
    result = dict(there) if isinstance(there, dict) else {}
    for key, value in change.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def without(there: Any, before: Any, now: Any) -> Any:
    """`there` less the fields that `before` had and `now` has not."""
    if not (isinstance(there, dict) and isinstance(before, dict) and isinstance(now, dict)):
        return copy.deepcopy(there)
    gone = {key for key in before if key not in now}
    return {key: without(value, before.get(key), now.get(key)) for key, value in there.items() if key not in gone}
