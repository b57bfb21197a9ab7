"""What an indexing pod is told, and that the indexer understands it."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from controller.run_trace import traceparent
from jobs.settings import JobSettings, read_settings
from jobs.sources import Selection
from tests.controller.job_samples import DEFAULTS, environment, example, indexer, job, pod, resource, specs
from tests.searchindex.schema_values import unhurried

SECRET = {"secretKeyRef": {"name": "qdrant", "key": "api-key"}}
BUCKET = {"S3_BUCKET", "S3_PREFIX", "S3_ENDPOINT", "S3_REGION"}


@unhurried
@given(specs())
def test_indexer_understands_what_it_is_told(spec: dict[str, Any]) -> None:
    """Every variable is one that the indexer reads, with a value that it takes."""
    told = environment(job(resource(spec), fingerprint="0" * 16))
    assert set(told) <= {name.upper() for name in JobSettings.model_fields}
    read_settings(**{name.lower(): value for name, value in told.items() if isinstance(value, str)})


def test_smallest() -> None:
    """The whole of it once, in clear."""
    assert environment(job(example(), fingerprint="0123456789abcdef")) == {
        "IMAGE_DIR": "/sources",
        "CLIP_MODEL_NAME": "ViT-H-14",
        "CLIP_PRETRAINED": "laion2b_s32b_b79k",
        "MODEL_FINGERPRINT": "0123456789abcdef",
        "INDEX_BATCH_SIZE": "256",
        "INDEX_NUM_WORKERS": "4",
        "SHARD_COUNT": "1",
        "MAX_FAILED_PERCENT": "1",
        "PRUNE": "true",
        "MAX_DELETE_PERCENT": "20",
        "PROGRESS_PORT": "8080",
        "QDRANT_HOST": "qdrant",
        "QDRANT_PORT": "6333",
        "QDRANT_GRPC_PORT": "6334",
        "QDRANT_CREATE": "false",
        "QDRANT_COLLECTION": "photos-r1-0a1b2c3d",
        "TRACEPARENT": traceparent(uid=example().uid, revision=1, trigger="9f8e7d6c-0"),
    }


def test_where_spans_go() -> None:
    """A collector that the installation names is told to the pods, with whose they are; a podTemplate may name another."""
    defaults = replace(DEFAULTS, otlp_endpoint="http://collector:4317")
    told = environment(job(example(), defaults=defaults))
    assert told["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://collector:4317"
    assert told["OTEL_RESOURCE_ATTRIBUTES"] == "k8s.namespace.name=search,searchindex.name=photos"
    own = {"name": "indexer", "env": [{"name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": "http://mine:4317"}]}
    theirs = environment(job(example(indexing={"podTemplate": {"spec": {"containers": [own]}}}), defaults=defaults))
    assert (theirs["OTEL_EXPORTER_OTLP_ENDPOINT"], theirs["TRACEPARENT"]) == ("http://mine:4317", told["TRACEPARENT"])


def test_secrets_are_named_and_not_copied() -> None:
    """A manifest is read by many; the key and the authority stay where they are."""
    made = job(example("complete"))
    assert environment(made)["QDRANT_API_KEY"] == SECRET
    assert environment(made)["QDRANT_TLS"] == "true"
    assert environment(made)["QDRANT_CA_FILE"] == "/etc/searchindex/ca/ca.pem"
    assert {"name": "store-ca", "secret": {"secretName": "qdrant-ca", "items": [{"key": "ca.crt", "path": "ca.pem"}]}} in pod(made)[
        "volumes"
    ]


def test_bucket() -> None:
    """A bucket is read over the network: its place as variables, its credentials from the Secret, no volume."""
    made = job(example("s3"))
    assert {name: value for name, value in environment(made).items() if name in BUCKET} == {
        "S3_BUCKET": "company-photos",
        "S3_PREFIX": "published/",
        "S3_ENDPOINT": "http://minio.storage.svc:9000",
    }
    assert environment(made)["SOURCE_NAME"] == "photos"
    assert "IMAGE_DIR" not in environment(made)
    assert indexer(made)["envFrom"] == [{"secretRef": {"name": "minio"}}]
    assert [volume["name"] for volume in pod(made)["volumes"]] == ["tmp"]


def test_a_second_source_changes_no_path() -> None:
    """A picture's path begins with its source's name from the first source on: else a second one would have all encoded anew."""
    photos = {"name": "photos", "pvc": {"claimName": "photos", "path": "2024"}}
    for sources in ([photos], [photos, {"name": "archive", "volume": {"nfs": {"server": "nas", "path": "/"}}}]):
        made = job(example(sources=sources))
        assert environment(made)["IMAGE_DIR"] == "/sources"
        assert {"name": "source-photos", "mountPath": "/sources/photos", "readOnly": True, "subPath": "2024"} in indexer(made)[
            "volumeMounts"
        ]


@pytest.mark.parametrize(
    ("path", "taken"),
    [
        ("archive/a.tif", True),
        ("archive/drafts/a.tif", False),
        ("archive/a.png", False),
        ("photos/a.png", True),
        ("photos/drafts/a.png", True),
    ],
)
def test_patterns_hold_for_their_own_source(path: str, taken: object) -> None:
    """A pattern of one source says nothing about another, and a source without patterns is taken whole."""
    archive = {"name": "archive", "pvc": {"claimName": "a"}, "include": ["*.tif", "*.jpg"], "exclude": ["drafts/*"]}
    told = environment(job(example(sources=[archive, {"name": "photos", "pvc": {"claimName": "p"}}])))
    selection = Selection(include=told["INCLUDE"].split(","), exclude=told["EXCLUDE"].split(","))
    assert selection.has(path) is taken


def test_model_of_a_volume_or_an_image() -> None:
    """Either is mounted at the same place, read-only, and the indexer looks there."""
    reference = "registry.example.com/models@sha256:" + "0" * 64
    for source in ({"pvc": {"claimName": "models", "path": "vit"}}, {"image": {"reference": reference, "path": "vit"}}):
        made = job(example(model={"source": source}))
        assert environment(made)["MODEL_PATH"] == "/model"
        assert {"name": "model", "mountPath": "/model", "readOnly": True, "subPath": "vit"} in indexer(made)["volumeMounts"]
