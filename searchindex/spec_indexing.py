"""What a `SearchIndex` says about its pictures and the runs that index them."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from searchindex.spec_collection import PvcSource
from searchindex.spec_rules import INT32, Label, ObjectName, OpenObject, Part, Percent, rule, rules, text

Pattern = Annotated[str, text(r"^[^,]+$", "One pattern an item, without commas: ['*.jpg', '*.png'].", most=256)]
Patterns = Annotated[list[Pattern], Field(max_length=16)]
CRON_FIELD = r"[-0-9A-Za-z*,/#]+"


class S3Source(Part):
    """Objects of a bucket, read over the S3 API."""

    bucket: Annotated[
        str, text(r"^[a-z0-9][a-z0-9.-]*[a-z0-9]$", "bucket is the bucket's name alone, without s3:// and path.", most=63)
    ] = Field(description="Name of the bucket.", min_length=3)
    prefix: Annotated[str, Field(max_length=1024)] = Field("", description="Only keys that begin with this, such as `photos/`.")
    endpoint: (
        Annotated[str, text(r"^https?://[^/]+$", "endpoint is a URL without a path, such as 'http://minio.storage.svc:9000'.", most=512)]
        | None
    ) = Field(None, description="Of a store other than AWS, such as `http://minio.storage.svc:9000`.")
    region: Annotated[str, Field(min_length=1, max_length=64)] | None = Field(None, description="The bucket's region.")
    credentials_secret: ObjectName | None = Field(
        None,
        description="A Secret whose keys are the client's variables: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`. "
        "Without it the pod's own identity is used.",
    )


class Source(Part):
    """One place that holds pictures. The path of a picture begins with its source's name, so that a second source changes nothing."""

    name: Label = Field(description="The first part of its pictures' paths.")
    pvc: PvcSource | None = Field(None, description="A PersistentVolumeClaim in the SearchIndex's namespace.")
    s3: S3Source | None = Field(None, description="A bucket.")
    volume: Annotated[OpenObject, Field(min_length=1)] | None = Field(
        None, description="Any Kubernetes volume source, as under `volumes` of a pod: `nfs`, `csi`, `image`."
    )
    include: Patterns = Field(default_factory=list, description="Shell patterns over paths in the source; `*` matches `/` too. Empty: all.")
    exclude: Patterns = Field(default_factory=list, description="Shell patterns of what is left out, after `include`.")

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule(
                "[has(self.pvc), has(self.s3), has(self.volume)].filter(x, x).size() == 1", "A source is exactly one of pvc, s3 and volume."
            )
        )
    )


class Prune(Part):
    """What happens to points whose picture is gone."""

    mode: Literal["Delete", "Keep"] = Field("Delete", description="`Keep`: points stay until someone deletes them.")
    max_delete_percent: Percent = Field(
        20, description="A run that would delete more than this deletes nothing and fails: an unmounted folder looks like an empty one."
    )


class Indexing(Part):
    """The Indexed Job of a run."""

    shards: Annotated[int, Field(ge=1, le=1000)] = Field(1, description="Parts that the pictures are cut into; each is indexed by one pod.")
    parallelism: Annotated[int, Field(ge=0, le=1000)] = Field(1, description="Pods at a time; `kubectl scale` sets it. 0 pauses a run.")
    batch_size: Annotated[int, Field(ge=1, le=4096)] = Field(256, description="Pictures encoded at once.")
    workers: Annotated[int, Field(ge=1, le=64)] = Field(4, description="Threads of a pod that read and decode pictures.")
    image: Annotated[str, Field(min_length=1, max_length=512)] | None = Field(
        None,
        description="The indexer's image; default: of the two the controller was installed with, that for its kind of pod.",
    )
    gpu: Annotated[int, Field(ge=0, le=16)] = Field(
        0,
        description="GPUs of a pod, for open_clip's picture tower: the model has to keep its weights (`export --keep-weights`).",
    )
    gpu_resource: Annotated[
        str,
        text(
            r"^[a-z0-9.-]+/[A-Za-z0-9._-]+$",
            "gpuResource is an extended resource, such as 'nvidia.com/gpu' or 'nvidia.com/mig-1g.5gb'.",
            most=128,
        ),
    ] = Field("nvidia.com/gpu", description="What a GPU is called here; also a MIG or a time-sliced resource.")
    resources: OpenObject = Field(default_factory=dict, description="`requests` and `limits`, as of any container.")
    node_selector: Annotated[dict[str, Annotated[str, Field(max_length=63)]], Field(max_length=64)] = Field(
        default_factory=dict, description="Labels of the nodes that may run indexing pods."
    )
    tolerations: Annotated[list[OpenObject], Field(max_length=64)] = Field(default_factory=list, description="As of any pod.")
    runtime_class_name: ObjectName | None = Field(None, description="As of any pod; `nvidia` on some clusters.")
    service_account_name: ObjectName | None = Field(
        None, description="For the pod's identity at a cloud. No Kubernetes token is mounted in any case."
    )
    backoff_limit_per_index: Annotated[int, Field(ge=0, le=100)] = Field(2, description="How often a shard is tried again.")
    max_failed_indexes: Annotated[int, Field(ge=0, le=1000)] = Field(0, description="Shards that may fail before the run is stopped.")
    max_failed_percent: Percent = Field(1, description="Pictures that may fail before a shard counts as failed.")
    active_deadline_seconds: Annotated[int, Field(ge=1, le=INT32)] | None = Field(None, description="A run that takes longer is ended.")
    ttl_seconds_after_finished: Annotated[int, Field(ge=0, le=INT32)] = Field(
        86400, description="A finished Job is kept this long once its counts are in `status`."
    )
    schedule: (
        Annotated[
            str,
            text(
                rf"^{CRON_FIELD}( +{CRON_FIELD}){{4}}$",
                "schedule has five fields: minute, hour, day, month, weekday. Every night at three is '0 3 * * *'.",
                most=128,
            ),
        ]
        | None
    ) = Field(None, description="Cron expression of five fields; runs do not overlap, and many missed ones are made up by one.")
    time_zone: Annotated[
        str, text(r"^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$", "timeZone is a name such as 'Europe/Berlin' or 'Etc/UTC'.", most=64)
    ] = Field("Etc/UTC", description="Of the schedule, as in the time zone database.")
    prune: Prune = Prune()
    pod_template: OpenObject = Field(
        default_factory=dict,
        description="Laid over the Job's pod template: containers, variables and volumes by name; the indexer's container is `indexer`.",
    )

    model_config = ConfigDict(
        json_schema_extra=rules(  # the API server also tries them on the default, which is empty: has()
            rule(
                "!has(self.parallelism) || !has(self.shards) || self.parallelism <= self.shards",
                "parallelism is at most shards, a shard being one pod's work: raise shards, or lower parallelism.",
            ),
            rule(
                "!has(self.maxFailedIndexes) || !has(self.shards) || self.maxFailedIndexes <= self.shards",
                "maxFailedIndexes is at most shards: lower it.",
            ),
        )
    )
