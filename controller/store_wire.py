"""Our values -> the bodies of Qdrant's REST API, and back. Pure. Source: Qdrant's OpenAPI, version 1.16."""

from collections.abc import Mapping
from typing import Any

from controller.actions import ChangeSettings, CreateCollection
from controller.observed import Collection, CollectionSettings, Owner
from searchindex.stores import qdrant_metadata as metadata

Json = dict[str, Any]


def create_body(wanted: CreateCollection) -> Json:
    """Payload indexes are made afterwards, one by one."""
    said = metadata.described(
        name=wanted.name, fingerprint=wanted.fingerprint, schema=wanted.settings.schema, index=index_facts(wanted.owner)
    )
    return {
        "vectors": {"size": wanted.dim, "distance": "Cosine", "on_disk": wanted.on_disk},
        "shard_number": wanted.shard_number,
        "replication_factor": wanted.settings.replication_factor,
        "hnsw_config": _hnsw(wanted.settings),
        "quantization_config": _quantization(wanted.settings),
        "optimizers_config": {"indexing_threshold": metadata.INDEXING_THRESHOLD},
        "metadata": said,
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


def _quantization(settings: CollectionSettings) -> Json:
    return {"scalar": {"type": "int8", "quantile": settings.quantile, "always_ram": settings.always_ram}}
