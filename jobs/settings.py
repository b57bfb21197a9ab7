"""Settings of `python -m jobs index`: one flat environment variable each, as a controller sets them, or a flag of the same name.

Read once, in the program's beginning; a wrong value stops the start with its name.
"""

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from jobs.shards import Shard
from jobs.shared_settings import ModelSettings, StoreSettings, read
from searchindex.encoders.runtime import RuntimeSettings
from searchindex.errors import InvalidInput

Percent = Annotated[float, Field(ge=0, le=100)]


class JobSettings(RuntimeSettings, ModelSettings, StoreSettings):
    """Each field is read from the variable of its name in capitals."""

    image_dir: Path | None = Field(None, description="Folder of the pictures, searched through all its folders. This, or another place.")
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
    image_tar: str = Field("", max_length=4096, description="Tar files of pictures, as of WebDataset: a path, `*` in its last part.")
    url_list: Path | None = Field(None, description="File with one picture's address a line, or Parquet with `url`; only with `URL_HOSTS`.")
    url_hosts: str = Field(
        "",
        max_length=4096,
        description="Hosts that may be asked, separated by commas: `images.example.org`, `*.example.org`, or `*` for any.",
    )
    url_http: bool = Field(default=False, description="Ask over plain HTTP, too, where an address says so.")
    url_seconds: Annotated[float, Field(gt=0, le=600)] = Field(15, description="Seconds for one address, redirects and all.")
    source_name: Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$|^$", max_length=63)] = Field(
        "", description="Where several sources share a collection: what the paths of this one begin with."
    )
    include: str = Field("", description="Only paths that match one of these patterns, separated by commas; `*` also matches `/`.")
    exclude: str = Field("", description="No paths that match one of these.")

    qdrant_create: bool = Field(True, description="Make the collection if there is none; where a controller makes it: no.")
    index_batch_size: Annotated[int, Field(ge=1, le=4096)] = Field(256, description="Pictures that are encoded and stored at once.")
    index_num_workers: Annotated[int, Field(ge=1, le=64)] = Field(4, description="Threads that read and decode.")
    index_exif_place: bool = Field(
        default=False,
        description="Store where a picture was taken, as its EXIF says it. That is personal: without this it is not stored, and removed.",
    )
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
    """From the environment, and before it what is `given`. InvalidInput says what is wrong."""
    settings = read(JobSettings, given)
    with_one_place(settings)
    return settings


def with_one_place(settings: JobSettings) -> None:
    """InvalidInput where the pictures are nowhere, or at two places."""
    places = {
        "IMAGE_DIR": settings.image_dir,
        "S3_BUCKET": settings.s3_bucket,
        "IMAGE_TAR": settings.image_tar,
        "URL_LIST": settings.url_list,
    }
    if sum(place not in (None, "") for place in places.values()) != 1:
        raise InvalidInput(f"Of {', '.join(places)} exactly one must be set.", hint="IMAGE_DIR for a folder, S3_BUCKET for a bucket.")
    if settings.url_list is not None and not settings.url_hosts:
        raise InvalidInput("URL_LIST needs URL_HOSTS: the hosts that may be asked.", hint="Name them; `*` for any in the public network.")


def shard_of(settings: JobSettings) -> Shard:
    """InvalidInput where there is no such shard."""
    index = settings.shard_index if settings.shard_index is not None else settings.job_completion_index or 0
    return Shard(index, settings.shard_count)
