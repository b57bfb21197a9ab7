"""What an indexing pod is told: the variables that `python -m jobs index` reads. Pure."""

from collections.abc import Iterator

from controller.observed import Defaults, Key, Manifest
from searchindex.spec import S3Source, SearchIndexSpec, SecretKeyRef, Source, Store

SOURCES = "/sources"  # every source is a folder of it, so that a picture's path begins with its source's name
MODEL = "/model"
AUTHORITY = "/etc/searchindex/ca"
AUTHORITY_FILE = "ca.pem"
SCRATCH = "/tmp"  # noqa: S108  # a volume of the pod's own


def environment(spec: SearchIndexSpec, *, collection: str, fingerprint: str | None, defaults: Defaults) -> list[Manifest]:
    """The container's `env`. JOB_COMPLETION_INDEX comes from Kubernetes."""
    values = dict(_pictures(spec)) | dict(_model(spec, fingerprint)) | dict(_run(spec, defaults)) | dict(_store(spec.store))
    values["QDRANT_COLLECTION"] = collection
    entries: list[Manifest] = [{"name": name, "value": value} for name, value in values.items()]
    if spec.store.api_key_secret_ref:
        entries.append({"name": "QDRANT_API_KEY", "valueFrom": {"secretKeyRef": _secret_key(spec.store.api_key_secret_ref)}})
    return entries


def telemetry(key: Key, traceparent: str, defaults: Defaults) -> list[Manifest]:
    """What a pod is seen by: a person's `podTemplate` may say otherwise, for the run does not rest on it."""
    values = {"TRACEPARENT": traceparent}
    if defaults.otlp_endpoint:
        values["OTEL_EXPORTER_OTLP_ENDPOINT"] = defaults.otlp_endpoint
        values["OTEL_RESOURCE_ATTRIBUTES"] = f"k8s.namespace.name={key.namespace},searchindex.name={key.name}"
    return [{"name": name, "value": value} for name, value in values.items()]


def runtime(spec: SearchIndexSpec) -> list[Manifest]:
    """What runs the model where there is a GPU; a person's `podTemplate` may say otherwise, likewise."""
    values = {"ENCODER_RUNTIME": "openclip", "TORCH_DEVICE": "cuda"} if spec.indexing.gpu else {}
    return [{"name": name, "value": value} for name, value in values.items()]


def credentials(spec: SearchIndexSpec) -> list[Manifest]:
    """The container's `envFrom`."""
    return [{"secretRef": {"name": source.s3.credentials_secret}} for source in spec.sources if source.s3 and source.s3.credentials_secret]


def _pictures(spec: SearchIndexSpec) -> Iterator[tuple[str, str]]:
    """Folders, or the one bucket."""
    sources = sorted(spec.sources, key=lambda source: source.name)
    bucket = next((source for source in sources if source.s3), None)
    if bucket and bucket.s3:
        yield "SOURCE_NAME", bucket.name
        yield from _bucket(bucket.s3)
        include, exclude = list(bucket.include), list(bucket.exclude)
    else:
        yield "IMAGE_DIR", SOURCES
        include, exclude = _included(sources), [f"{source.name}/{pattern}" for source in sources for pattern in source.exclude]
    if include:
        yield "INCLUDE", ",".join(include)
    if exclude:
        yield "EXCLUDE", ",".join(exclude)


def _included(sources: list[Source]) -> list[str]:
    """Nothing where every source is taken whole; else one that is taken whole has to be said too."""
    if not any(source.include for source in sources):
        return []
    return [f"{source.name}/{pattern}" for source in sources for pattern in (source.include or ["*"])]


def _bucket(bucket: S3Source) -> Iterator[tuple[str, str]]:
    yield "S3_BUCKET", bucket.bucket
    if bucket.prefix:
        yield "S3_PREFIX", bucket.prefix
    if bucket.endpoint:
        yield "S3_ENDPOINT", bucket.endpoint
    if bucket.region:
        yield "S3_REGION", bucket.region


def _model(spec: SearchIndexSpec, fingerprint: str | None) -> Iterator[tuple[str, str]]:
    architecture, _, pretrained = spec.model.name.partition("/")
    yield "CLIP_MODEL_NAME", architecture
    yield "CLIP_PRETRAINED", pretrained
    if spec.model.source:
        yield "MODEL_PATH", MODEL
    if fingerprint:
        yield "MODEL_FINGERPRINT", fingerprint


def _run(spec: SearchIndexSpec, defaults: Defaults) -> Iterator[tuple[str, str]]:
    indexing = spec.indexing
    yield "INDEX_BATCH_SIZE", str(indexing.batch_size)
    yield "INDEX_NUM_WORKERS", str(indexing.workers)
    yield "SHARD_COUNT", str(indexing.shards)
    yield "MAX_FAILED_PERCENT", str(indexing.max_failed_percent)
    yield "PRUNE", "true" if indexing.prune.mode == "Delete" else "false"
    yield "MAX_DELETE_PERCENT", str(indexing.prune.max_delete_percent)
    yield "PROGRESS_PORT", str(defaults.progress_port)


def _store(store: Store) -> Iterator[tuple[str, str]]:
    yield "QDRANT_HOST", store.host
    yield "QDRANT_PORT", str(store.http_port)
    yield "QDRANT_GRPC_PORT", str(store.grpc_port)
    yield "QDRANT_CREATE", "false"  # a collection that is missing was dropped
    if store.tls:
        yield "QDRANT_TLS", "true"
        if store.tls.ca_secret_ref:
            yield "QDRANT_CA_FILE", f"{AUTHORITY}/{AUTHORITY_FILE}"


def _secret_key(ref: SecretKeyRef) -> Manifest:
    return {"name": ref.name, "key": ref.key}
