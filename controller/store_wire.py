"""Our values -> the bodies of Qdrant's REST API, and back. Pure. Source: Qdrant's OpenAPI, version 1.16."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from controller.actions import ChangeSettings, CreateCollection, SetThreads
from controller.observed import BuildThreads, Collection, CollectionSettings, Owner
from searchindex.stores import qdrant_metadata as metadata

Json = dict[str, Any]


def create_body(wanted: CreateCollection) -> Json:
    """Payload indexes are made afterwards, one by one."""
    said = metadata.described(
        name=wanted.name, fingerprint=wanted.fingerprint, schema=wanted.settings.schema, index=index_facts(wanted.owner)
    )
    threads = wanted.threads
    return {
        "vectors": {"size": wanted.dim, "distance": "Cosine", "on_disk": wanted.on_disk},
        "shard_number": wanted.shard_number,
        "replication_factor": wanted.settings.replication_factor,
        "hnsw_config": _hnsw(wanted.settings) | (_graph_threads(threads) if threads else {}),
        "quantization_config": _quantization(wanted.settings),
        "optimizers_config": {"indexing_threshold": metadata.INDEXING_THRESHOLD} | (_graphs_at_once(threads) if threads else {}),
        "metadata": said | ({metadata.BUILD_THREADS: asdict(wanted.threads_after)} if wanted.threads_after else {}),
    }


def change_body(wanted: ChangeSettings) -> Json:
    """Only what differs; empty where only payload indexes do and they are all that is said."""
    body: Json = {}
    if wanted.hnsw:
        body["hnsw_config"] = _hnsw(wanted.settings)
    if wanted.quantization:
        body["quantization_config"] = _quantization(wanted.settings)
    if wanted.replication:
        body["params"] = {"replication_factor": wanted.settings.replication_factor}
    if wanted.add_fields or wanted.drop_fields:
        body["metadata"] = {"schema": dict(wanted.settings.schema)}
    return body


def threads_body(wanted: SetThreads) -> Json:
    """In one request, so that what was held down is always noted. It changes no graph, and none is built anew for it."""
    return {
        "hnsw_config": _graph_threads(wanted.threads),
        "optimizers_config": _graphs_at_once(wanted.threads),
        "metadata": {metadata.BUILD_THREADS: asdict(wanted.after) if wanted.after else None},
    }


def stamp_body(name: str, owner: Owner) -> Json:
    """Merged at the top level: a fingerprint that is there stays."""
    return {"metadata": {"owner": metadata.OWNER, "name": name, "index": index_facts(owner)}}


def index_facts(owner: Owner) -> Json:
    return {
        "namespace": owner.namespace,
        "name": owner.name,
        "uid": owner.uid,
        "revision": owner.revision,
        "revision_hash": owner.revision_hash,
    }


def collection(name: str, info: Json) -> Collection:
    """`info`: the result of GET /collections/{name}. `dim` is 0 and `distance` empty where there is no unnamed vector."""
    config = info["config"]
    params, said = config["params"], config.get("metadata")
    vectors = _unnamed(params.get("vectors"))
    return Collection(
        name=name,
        dim=int(vectors.get("size", 0)),
        distance=str(vectors.get("distance", "")),
        shard_number=int(params.get("shard_number", 1)),
        on_disk=bool(vectors.get("on_disk", False)),
        settings=_settings(config, info.get("payload_schema", {})),
        owner=_owner(said),
        fingerprint=metadata.fingerprint(said),
        points=int(info.get("points_count") or 0),
        indexed=int(info.get("indexed_vectors_count") or 0),
        segments=int(info.get("segments_count") or 0),
        status=str(info.get("status", "")),
        threads=_threads(config),
        threads_after=_threads_after(said),
    )


def _settings(config: Json, payload_schema: Json) -> CollectionSettings:
    scalar = (config.get("quantization_config") or {}).get("scalar") or {}
    return CollectionSettings(
        hnsw_m=int(config["hnsw_config"]["m"]),
        hnsw_ef_construct=int(config["hnsw_config"]["ef_construct"]),
        quantile=None if scalar.get("quantile") is None else float(scalar["quantile"]),
        always_ram=bool(scalar.get("always_ram", False)),
        replication_factor=int(config["params"].get("replication_factor", 1)),
        schema={field: str(made["data_type"]) for field, made in payload_schema.items()},
    )


def _threads(config: Json) -> BuildThreads:
    at_once = (config.get("optimizer_config") or {}).get("max_optimization_threads")
    graph = config["hnsw_config"].get("max_indexing_threads")
    return BuildThreads(indexing=_count(graph) or 0, optimization=_count(at_once))


def _threads_after(said: Mapping[str, Any] | None) -> BuildThreads | None:
    noted = metadata.threads_after(said)
    return (
        None if noted is None else BuildThreads(indexing=_count(noted.get("indexing")) or 0, optimization=_count(noted.get("optimization")))
    )


def _count(found: object) -> int | None:
    """Anybody may write into metadata, and the store says "auto" or nothing for as many as it likes."""
    return found if isinstance(found, int) and not isinstance(found, bool) and found >= 0 else None


def _owner(said: Mapping[str, Any] | None) -> Owner:
    facts = metadata.index(said)
    revision = facts.get("revision")
    return Owner(
        program=metadata.owner(said),
        namespace=str(facts.get("namespace", "")),
        name=str(facts.get("name", "")),
        uid=str(facts.get("uid", "")),
        revision=revision if isinstance(revision, int) else 0,
        revision_hash=str(facts.get("revision_hash", "")),
    )


def _unnamed(vectors: Any) -> Json:
    """Named vectors are a mapping of such descriptions, without a size of its own."""
    return vectors if isinstance(vectors, dict) and isinstance(vectors.get("size"), int) else {}


def _hnsw(settings: CollectionSettings) -> Json:
    return {"m": settings.hnsw_m, "ef_construct": settings.hnsw_ef_construct}


def _graph_threads(threads: BuildThreads) -> Json:
    return {"max_indexing_threads": threads.indexing}


def _graphs_at_once(threads: BuildThreads) -> Json:
    return {"max_optimization_threads": "auto" if threads.optimization is None else threads.optimization}


def _quantization(settings: CollectionSettings) -> Json:
    return {"scalar": {"type": "int8", "quantile": settings.quantile, "always_ram": settings.always_ram}}
