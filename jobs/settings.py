"""Settings of an indexing process: one flat environment variable each, as a controller sets them, or a flag of the same name.

Read once, in `__main__`; a wrong value stops the start with its name.
"""

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from jobs.shards import Shard
from searchindex.errors import InvalidInput

Port = Annotated[int, Field(ge=1, le=65535)]
Percent = Annotated[float, Field(ge=0, le=100)]


class JobSettings(BaseSettings):
    """Each field is read from the variable of its name in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)

    image_dir: Path | None = Field(None, description="Folder of the pictures, searched through all its folders. This, or `S3_BUCKET`.")
    s3_bucket: str = Field(
        "", max_length=63, description="Bucket of the pictures; credentials are the client's own, `AWS_ACCESS_KEY_ID` and so on."
    )
    s3_prefix: str = Field(
        "", max_length=1024, description="Only keys that begin with this, such as `photos/`; paths begin after its last slash."
    )
    s3_endpoint: Annotated[str, Field(pattern=r"^(https?://[^/]+/?)?$")] = Field(
        "", description="URL of a store other than AWS; plain HTTP is spoken only where it says `http://`."
    )
    s3_region: str = Field("", max_length=64, description="The bucket's region.")
    source_name: Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$|^$", max_length=63)] = Field(
        "", description="Where several sources share a collection: what the paths of this one begin with."
    )
    include: str = Field("", description="Only paths that match one of these patterns, separated by commas; `*` also matches `/`.")
    exclude: str = Field("", description="No paths that match one of these.")

    model_path: Path | None = Field(None, description="One prepared model's folder; overrides CLIP_MODEL_NAME.")
    models_path: Path = Field(Path("models"), description="Folder of prepared models.")
    clip_model_name: str = Field("ViT-H-14", description="Architecture of the model, as `searchindex models` lists it.")
    clip_pretrained: str = Field("laion2b_s32b_b79k", description="Which weights of that architecture.")
    model_fingerprint: str | None = Field(None, description="Where set, no other model than the one of this fingerprint is used.")

    qdrant_host: str = Field("localhost", description="Qdrant server.")
    qdrant_port: Port = Field(6333, description="Its HTTP port.")
    qdrant_grpc_port: Port = Field(6334, description="Its gRPC port; used for indexing.")
    qdrant_collection: str = Field("images", min_length=1, max_length=255, description="Collection.")
    qdrant_create: bool = Field(True, description="Make the collection if there is none; where a controller makes it: no.")
    qdrant_api_key: SecretStr | None = Field(None, description="Qdrant's API key.")
    qdrant_tls: bool = Field(False, description="Speak TLS to Qdrant.")
    qdrant_ca_file: Path | None = Field(None, description="Certificate authority to trust, in PEM; the system's by default.")
    qdrant_timeout: Annotated[float, Field(gt=0, le=600)] = Field(30.0, description="Seconds before one call is given up.")
    qdrant_retry_seconds: Annotated[float, Field(ge=0, le=3600)] = Field(
        120.0, description="How long a server that does not answer is waited for."
    )

    index_batch_size: Annotated[int, Field(ge=1, le=4096)] = Field(256, description="Pictures that are encoded and stored at once.")
    index_num_workers: Annotated[int, Field(ge=1, le=64)] = Field(4, description="Threads that read and decode.")
    shard_index: Annotated[int, Field(ge=0)] | None = Field(None, description="Which shard, from 0; JOB_COMPLETION_INDEX where not set.")
    job_completion_index: Annotated[int, Field(ge=0)] | None = Field(None, description="Set by Kubernetes in the pods of an Indexed Job.")
    shard_count: Annotated[int, Field(ge=1)] = Field(1, description="Of how many.")
    ledger_dir: Path | None = Field(None, description="Folder for the ledger; a killed run is then resumed with its account whole.")

    max_failed_percent: Percent = Field(100, description="Pictures that may fail before the run gives up.")
    prune: bool = Field(True, description="Remove points whose picture is gone.")
    max_delete_percent: Percent = Field(20, description="A run that would remove more of its points removes none, and fails.")

    progress_seconds: Annotated[float, Field(gt=0, le=3600)] = Field(10, description="Seconds between two lines of progress.")
    progress_port: Annotated[int, Field(ge=0, le=65535)] = Field(0, description="Serve `/progress` and `/metrics` there; 0 is off.")
    traceparent: str = Field(
        "", max_length=128, description="W3C trace context that the run belongs to, as a controller sets it; a malformed one is ignored."
    )
    termination_message_path: Path | None = Field(
        None, description="Where the summary is left for the kubelet; `/dev/termination-log` where there is one."
    )


def read_settings(**given: Any) -> JobSettings:
    """From the environment, and before it what is `given`.

    InvalidInput names each variable that is wrong and what it may be, never its value.
    """
    try:
        return _with_one_place(JobSettings(**given))
    except ValidationError as error:
        wrong = [f"{'_'.join(str(part) for part in fault['loc'][:1]).upper()}: {fault['msg']}" for fault in error.errors()]
        raise InvalidInput("The settings cannot be used. " + "; ".join(wrong) + ".") from None


def _with_one_place(settings: JobSettings) -> JobSettings:
    """InvalidInput where the pictures are nowhere, or at two places."""
    if (settings.image_dir is None) is (settings.s3_bucket == ""):
        raise InvalidInput("Of IMAGE_DIR and S3_BUCKET exactly one must be set.", hint="The first for a folder, the second for a bucket.")
    return settings


def shard_of(settings: JobSettings) -> Shard:
    """InvalidInput where there is no such shard."""
    index = settings.shard_index if settings.shard_index is not None else settings.job_completion_index or 0
    return Shard(index, settings.shard_count)
