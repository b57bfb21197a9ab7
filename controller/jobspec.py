"""The Job of one indexing run: what it is called, what it may retry, when it is another Job. Pure and deterministic.

A Job's template cannot be changed, so its name follows from what asked for the run and from all that is not changed in place: the same run
is the same Job, and a changed source, model or template is another.
Source: Kubernetes documentation, "Jobs": Indexed completion, pod failure policy, backoff limit per index.
"""

from datetime import UTC, datetime

from controller.jobspec_pod import CONTAINER, pod_template
from controller.names import FIELD_MANAGER, LABEL_INDEX, LABEL_REVISION, SCHEDULE_TIME, TEMPLATE_HASH, TRACE_ID, TRIGGER
from controller.observed import Defaults, Manifest, Resource
from controller.run_trace import trace_id, traceparent
from searchindex.spec import GROUP, KIND, VERSION, short_hash

BAD_CONFIGURATION, TOO_MUCH_FAILED = 3, 5  # exit statuses of `python -m jobs`
CHANGEABLE = frozenset({"parallelism", "suspend", "ttlSecondsAfterFinished"})


def build_job(
    resource: Resource,
    *,
    revision: int,
    collection: str,
    trigger: str,
    fingerprint: str | None,
    defaults: Defaults,
    suspended: bool,
    schedule_time: datetime | None = None,
    ttl: int | None = None,
) -> Manifest:
    """A batch/v1 Job for server-side apply.

    `fingerprint`: that of the only weights to accept; one that becomes known while a run is under way would make another Job of it.
    `ttl`: seconds that it is kept once ended; None while its counts were not copied. InvalidInput where the podTemplate cannot be used.
    """
    labels = _labels(resource, revision)
    trace = traceparent(uid=resource.uid, revision=revision, trigger=trigger)
    template = pod_template(resource, labels=labels, collection=collection, fingerprint=fingerprint, traceparent=trace, defaults=defaults)
    spec = _job_spec(resource, template, suspended=suspended, ttl=ttl)
    unchangeable = template_hash(spec)
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": f"{resource.key.name}-r{revision}-{short_hash([trigger, unchangeable])}",
            "namespace": resource.key.namespace,
            "labels": labels,
            "annotations": _annotations(trigger, unchangeable, schedule_time) | {TRACE_ID: trace_id(trace)},
            "ownerReferences": [_owner(resource)],
        },
        "spec": spec,
    }


def template_hash(spec: Manifest) -> str:
    """8 hex digits over all of a Job's `spec`, as built here, that is not changed in place."""
    return short_hash({name: value for name, value in spec.items() if name not in CHANGEABLE})


def _labels(resource: Resource, revision: int) -> dict[str, str]:
    return {
        LABEL_INDEX: resource.key.name,
        LABEL_REVISION: str(revision),
        "app.kubernetes.io/name": KIND.lower(),
        "app.kubernetes.io/instance": resource.key.name,
        "app.kubernetes.io/component": CONTAINER,
        "app.kubernetes.io/managed-by": FIELD_MANAGER,
    }


def _annotations(trigger: str, template: str, schedule_time: datetime | None) -> dict[str, str]:
    annotations = {TRIGGER: trigger, TEMPLATE_HASH: template}
    return annotations | ({SCHEDULE_TIME: schedule_time.astimezone(UTC).isoformat()} if schedule_time else {})


def _owner(resource: Resource) -> Manifest:
    return {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": KIND,
        "name": resource.key.name,
        "uid": resource.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _job_spec(resource: Resource, template: Manifest, *, suspended: bool, ttl: int | None) -> Manifest:
    indexing = resource.spec.indexing
    spec: Manifest = {
        "completionMode": "Indexed",
        "completions": indexing.shards,
        "parallelism": indexing.parallelism,
        "backoffLimitPerIndex": indexing.backoff_limit_per_index,
        "maxFailedIndexes": indexing.max_failed_indexes,
        "podReplacementPolicy": "Failed",  # never two pods of one shard
        "podFailurePolicy": {"rules": _failure_rules()},
        "suspend": suspended,
        "template": template,
    }
    limits = {"activeDeadlineSeconds": indexing.active_deadline_seconds, "ttlSecondsAfterFinished": ttl}
    return spec | {name: value for name, value in limits.items() if value is not None}


def _failure_rules() -> list[Manifest]:
    """The first that fits: an eviction is nobody's failure, a wrong configuration is every shard's, the rest is tried again."""

    def exits(status: int) -> Manifest:
        return {"containerName": CONTAINER, "operator": "In", "values": [status]}

    return [
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
        {"action": "FailJob", "onExitCodes": exits(BAD_CONFIGURATION)},
        {"action": "FailIndex", "onExitCodes": exits(TOO_MUCH_FAILED)},
    ]
