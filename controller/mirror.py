"""What the watches last said: every SearchIndex, and every indexing Job. Values as they came; nothing is read or decided here."""

from collections.abc import Iterable

from controller.names import LABEL_INDEX
from controller.observed import Key, Manifest


def key_of(manifest: Manifest) -> Key:
    metadata = manifest["metadata"]
    return Key(metadata["namespace"], metadata["name"])


def index_of(job: Manifest) -> Key:
    """The SearchIndex that a Job is labelled with."""
    metadata = job["metadata"]
    return Key(metadata["namespace"], metadata["labels"][LABEL_INDEX])


Claim = tuple[str, int, str]  # host, port, alias


class Mirror:
    """In memory; rebuilt from the watches when the process starts."""

    def __init__(self) -> None:
        self._indexes: dict[Key, Manifest] = {}
        self._jobs: dict[Key, dict[str, Manifest]] = {}
        self._claims: dict[Claim, set[Key]] = {}

    def index(self, key: Key) -> Manifest | None:
        return self._indexes.get(key)

    def indexes(self) -> Iterable[tuple[Key, Manifest]]:
        return self._indexes.items()

    def jobs(self, key: Key) -> list[Manifest]:
        return list(self._jobs.get(key, {}).values())

    def saw_index(self, manifest: Manifest) -> tuple[Key, ...]:
        """The keys to look at: this one, and those that claim the same alias when it is new."""
        key = key_of(manifest)
        new = key not in self._indexes
        self._indexes[key] = manifest
        self._claims.setdefault(claim_of(manifest), set()).add(key)
        return (key, *self._others(manifest)) if new else (key,)

    def lost_index(self, key: Key) -> tuple[Key, ...]:
        """The keys to look at: those that waited for its alias, and its own."""
        manifest = self._indexes.pop(key, None)
        self._jobs.pop(key, None)
        if manifest is None:
            return ()
        self._claims.get(claim_of(manifest), set()).discard(key)
        return (key, *self._others(manifest))

    def saw_job(self, manifest: Manifest) -> Key:
        key = index_of(manifest)
        self._jobs.setdefault(key, {})[manifest["metadata"]["name"]] = manifest
        return key

    def lost_job(self, manifest: Manifest) -> Key:
        key = index_of(manifest)
        self._jobs.get(key, {}).pop(manifest["metadata"]["name"], None)
        return key

    def rival(self, manifest: Manifest) -> Key | None:
        """The oldest SearchIndex with the same alias in the same store, where that is another one; equal ages are decided by uid."""
        claimants = [self._indexes[key] for key in self._claims.get(claim_of(manifest), ()) if key in self._indexes]
        oldest = min([*claimants, manifest], key=_age)
        return None if _age(oldest) == _age(manifest) else key_of(oldest)

    def _others(self, manifest: Manifest) -> list[Key]:
        key = key_of(manifest)
        return [other for other in self._claims.get(claim_of(manifest), ()) if other != key]


def claim_of(manifest: Manifest) -> Claim:
    """A namespace's short host name is another server than the same name elsewhere."""
    spec, metadata = manifest["spec"], manifest["metadata"]
    host = str(spec["store"]["host"])
    full = host if "." in host or host == "localhost" else f"{host}.{metadata['namespace']}.svc"
    return (
        full.removesuffix(".cluster.local"),
        int(spec["store"].get("httpPort", 6333)),
        str(spec.get("collectionName") or metadata["name"]),
    )


def _age(manifest: Manifest) -> tuple[str, str]:
    metadata = manifest["metadata"]
    return str(metadata.get("creationTimestamp", "")), str(metadata.get("uid", ""))
