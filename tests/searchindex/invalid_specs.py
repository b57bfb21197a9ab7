"""SearchIndexes that must be refused, as data: the offline tests and those on a cluster read the same table.

Each is the smallest sample with a change laid over it as a JSON merge patch (RFC 7386); `says` is a part of what the API server answers.
"""

from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

EXAMPLES = Path(__file__).parents[2] / "examples" / "searchindex"
Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """`rule`: refused by a rule in CEL, with our sentence; else by the schema, in Kubernetes' words."""

    name: str
    change: Manifest
    says: str
    rule: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedChange:
    """A resource that is accepted, and a change of it that is not."""

    name: str
    change: Manifest
    says: str
    made_with: Manifest = field(default_factory=dict)


def patched(target: Any, change: Any) -> Any:
    """JSON merge patch: objects merge, null removes, everything else replaces."""
    if not isinstance(change, dict):
        return deepcopy(change)
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in change.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = patched(merged.get(key), value)
    return merged


def sample(name: str = "smallest") -> Manifest:
    """One of the examples."""
    document: Manifest = yaml.safe_load((EXAMPLES / f"{name}.yaml").read_text("utf-8"))
    return document


def _spec(**fields: Any) -> Manifest:
    return {"spec": fields}


def _source(**fields: Any) -> Manifest:
    return _spec(sources=[{"name": "photos", **fields}])


_PVC = {"pvc": {"claimName": "photos"}}
_S3 = {"s3": {"bucket": "photos"}}

REFUSED = (
    Refused(name="long-name", change={"metadata": {"name": "n" * 41}}, says="at most 40 characters"),
    Refused(name="dotted-name", change={"metadata": {"name": "my.photos"}}, says="no dots"),
    Refused(name="no-spec", change={"spec": None}, says="spec: Required value", rule=False),
    Refused(name="no-store", change=_spec(store=None), says="spec.store: Required value", rule=False),
    Refused(name="store-url", change=_spec(store={"host": "http://qdrant"}), says="a name or an address alone"),
    Refused(name="store-with-port", change=_spec(store={"host": "qdrant:6333"}), says="ports go to httpPort and grpcPort"),
    Refused(name="port-zero", change=_spec(store={"httpPort": 0}), says="spec.store.httpPort", rule=False),
    Refused(name="port-as-text", change=_spec(store={"httpPort": "6333"}), says="must be of type integer", rule=False),
    Refused(name="key-without-name", change=_spec(store={"apiKeySecretRef": {"key": "k"}}), says="apiKeySecretRef.name", rule=False),
    Refused(name="collection-name", change=_spec(collectionName="my photos"), says="collectionName is of letters"),
    Refused(name="model-architecture-alone", change=_spec(model={"name": "ViT-H-14"}), says="Name a model card in full"),
    Refused(name="fingerprint", change=_spec(model={"fingerprint": "0x12"}), says="16 hex digits"),
    Refused(name="dim-zero", change=_spec(model={"dim": 0}), says="spec.model.dim", rule=False),
    Refused(name="model-source-nowhere", change=_spec(model={"source": {}}), says="source is either pvc or image"),
    Refused(
        name="model-source-twice",
        change=_spec(model={"source": {**_PVC, "image": {"reference": "model@sha256:" + "0" * 64}}}),
        says="source is either pvc or image",
    ),
    Refused(name="model-image-by-tag", change=_spec(model={"source": {"image": {"reference": "model:1"}}}), says="by its digest"),
    Refused(name="distance", change=_spec(vectors={"distance": "Dot"}), says='supported values: "Cosine"', rule=False),
    Refused(name="hnsw-m", change=_spec(hnsw={"m": 1}), says="spec.hnsw.m", rule=False),
    Refused(name="quantile-too-low", change=_spec(quantization={"quantile": "0.1"}), says="a decimal from 0.5 to 1"),
    Refused(name="quantile-too-high", change=_spec(quantization={"quantile": "1.01"}), says="a decimal from 0.5 to 1"),
    Refused(name="quantile-as-number", change=_spec(quantization={"quantile": 0.99}), says="must be of type string", rule=False),
    Refused(name="field-type", change=_spec(schema={"fields": [{"name": "a", "type": "text"}]}), says="fields[0].type", rule=False),
    Refused(name="field-name", change=_spec(schema={"fields": [{"name": "a-b", "type": "float"}]}), says="named by letters, digits"),
    Refused(name="own-field", change=_spec(schema={"fields": [{"name": "width", "type": "keyword"}]}), says="leave it out"),
    Refused(
        name="field-twice",
        change=_spec(schema={"fields": [{"name": "a", "type": "float"}, {"name": "a", "type": "integer"}]}),
        says="Duplicate value",
        rule=False,
    ),
    Refused(name="no-sources", change=_spec(sources=[]), says="should have at least 1 items", rule=False),
    Refused(name="source-of-nothing", change=_source(), says="exactly one of pvc, s3 and volume"),
    Refused(name="source-of-two", change=_source(**_PVC, volume={"emptyDir": {}}), says="exactly one of pvc, s3 and volume"),
    Refused(name="empty-volume", change=_source(volume={}), says="should have at least 1 properties", rule=False),
    Refused(name="source-twice", change=_spec(sources=[{"name": "a", **_PVC}, {"name": "a", **_PVC}]), says="Duplicate value", rule=False),
    Refused(name="bucket-and-folder", change=_spec(sources=[{"name": "a", **_PVC}, {"name": "b", **_S3}]), says="the only source"),
    Refused(name="source-name", change=_spec(sources=[{"name": "My_Photos", **_PVC}]), says="lower-case letters"),
    Refused(name="absolute-path", change=_source(pvc={"claimName": "c", "path": "/photos"}), says="without a leading '/'"),
    Refused(name="path-upwards", change=_source(pvc={"claimName": "c", "path": "a/../../b"}), says="without '..'"),
    Refused(name="pattern-with-comma", change=_source(**_PVC, include=["*.jpg,*.png"]), says="without commas"),
    Refused(name="bucket-url", change=_source(s3={"bucket": "s3://photos"}), says="the bucket's name alone"),
    Refused(name="endpoint", change=_source(s3={"bucket": "photos", "endpoint": "minio:9000"}), says="endpoint is a URL"),
    Refused(name="parallelism", change=_spec(indexing={"shards": 2, "parallelism": 3}), says="parallelism is at most shards"),
    Refused(name="failed-indexes", change=_spec(indexing={"maxFailedIndexes": 2}), says="maxFailedIndexes is at most shards"),
    Refused(name="percent", change=_spec(indexing={"prune": {"maxDeletePercent": 101}}), says="maxDeletePercent", rule=False),
    Refused(name="gpu-resource", change=_spec(indexing={"gpuResource": "gpu"}), says="an extended resource"),
    Refused(name="schedule-of-four", change=_spec(indexing={"schedule": "0 3 * *"}), says="schedule has five fields"),
    Refused(name="schedule-by-name", change=_spec(indexing={"schedule": "@daily"}), says="schedule has five fields"),
    Refused(name="time-zone", change=_spec(indexing={"timeZone": "Europe / Berlin"}), says="timeZone is a name"),
    Refused(name="pod-template", change=_spec(indexing={"podTemplate": []}), says="must be of type object", rule=False),
    Refused(name="reclaim-policy", change=_spec(reclaimPolicy="Keep"), says='supported values: "Retain", "Delete"', rule=False),
    Refused(name="history", change=_spec(rollout={"revisionHistoryLimit": 11}), says="revisionHistoryLimit", rule=False),
)

REFUSED_CHANGES = (
    RefusedChange(name="other-store", change=_spec(store={"host": "elsewhere"}), says="store.host cannot be changed"),
    RefusedChange(name="collection-named-later", change=_spec(collectionName="pictures"), says="collectionName cannot be changed"),
    RefusedChange(
        name="collection-renamed",
        made_with=_spec(collectionName="pictures"),
        change=_spec(collectionName="photos"),
        says="collectionName cannot be changed",
    ),
    RefusedChange(
        name="collection-unnamed",
        made_with=_spec(collectionName="pictures"),
        change=_spec(collectionName=None),
        says="collectionName cannot be changed",
    ),
    RefusedChange(name="scaled-above-shards", change=_spec(indexing={"parallelism": 2}), says="parallelism is at most shards"),
)
