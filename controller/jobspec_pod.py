"""The pod that indexes one shard: restricted, without a Kubernetes token, its volumes read-only. Pure.

A person's `podTemplate` is laid over it; what the run rests on is laid over that again, and so cannot be overridden.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from controller.jobspec_environment import AUTHORITY, AUTHORITY_FILE, MODEL, SCRATCH, SOURCES, credentials, environment, runtime, telemetry
from controller.observed import Defaults, Manifest, Resource
from controller.overlay import overlaid
from searchindex.spec import ImageVolume, PvcSource, SearchIndexSpec, Source

CONTAINER = "indexer"
USER = 65532  # nobody in particular; the number the images are built with
GRACE_SECONDS = 60  # a batch is finished before the pod ends

Mounted = tuple[Manifest, Manifest]  # a volume and its mount


def pod_template(
    resource: Resource, *, labels: dict[str, str], collection: str, fingerprint: str | None, traceparent: str, defaults: Defaults
) -> Manifest:
    """The Job's `template`. InvalidInput where the podTemplate cannot be laid over it."""
    spec = resource.spec
    env = environment(spec, collection=collection, fingerprint=fingerprint, defaults=defaults)
    optional = [*runtime(spec), *telemetry(resource.key, traceparent, defaults)]
    ours: Manifest = {"metadata": {"labels": labels}, "spec": _pod(spec, [*env, *optional], defaults)}
    theirs = overlaid(ours, spec.indexing.pod_template, path="indexing.podTemplate")
    return overlaid(theirs, _reserved(labels, env), path="the run")


def _reserved(labels: dict[str, str], env: list[Manifest]) -> Manifest:
    container = {"name": CONTAINER, **_program(), "env": env}
    return {
        "metadata": {"labels": labels},
        "spec": {"restartPolicy": "Never", "automountServiceAccountToken": False, "containers": [container]},
    }


def _program() -> Manifest:
    return {"command": ["python", "-m", "jobs"], "args": ["index"]}


def _pod(spec: SearchIndexSpec, env: list[Manifest], defaults: Defaults) -> Manifest:
    indexing = spec.indexing
    mounted = _each_claim_once(_mounted(spec))
    optional = {
        "nodeSelector": indexing.node_selector,
        "tolerations": indexing.tolerations,
        "runtimeClassName": indexing.runtime_class_name,
        "serviceAccountName": indexing.service_account_name,
    }
    return {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(spec, env, [mount for _, mount in mounted], defaults)],
        "volumes": list({volume["name"]: volume for volume, _ in mounted}.values()),
        **_given(optional),
    }


def _container(spec: SearchIndexSpec, env: list[Manifest], mounts: list[Manifest], defaults: Defaults) -> Manifest:
    return {
        "name": CONTAINER,
        "image": spec.indexing.image or (defaults.indexer_gpu_image if spec.indexing.gpu else defaults.indexer_image),
        "imagePullPolicy": defaults.image_pull_policy,
        **_program(),
        "env": env,
        **_given({"envFrom": credentials(spec)}),
        "ports": [{"name": "progress", "containerPort": defaults.progress_port}],
        "resources": _resources(spec),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": mounts,
    }


def _resources(spec: SearchIndexSpec) -> Manifest:
    """An extended resource has a limit alone: the request follows it."""
    if not spec.indexing.gpu:
        return spec.indexing.resources
    gpu = {"limits": {spec.indexing.gpu_resource: str(spec.indexing.gpu)}}
    return overlaid(spec.indexing.resources, gpu, path="indexing.resources")


def _mounted(spec: SearchIndexSpec) -> Iterator[Mounted]:
    yield {"name": "tmp", "emptyDir": {}}, {"name": "tmp", "mountPath": SCRATCH}
    for source in sorted(spec.sources, key=lambda source: source.name):
        yield from _source(source)
    if spec.model.source and spec.model.source.pvc:
        yield _pvc("model", spec.model.source.pvc, MODEL)
    if spec.model.source and spec.model.source.image:
        yield _image("model", spec.model.source.image, MODEL)
    if spec.store.tls and (ref := spec.store.tls.ca_secret_ref):
        items = [{"key": ref.key, "path": AUTHORITY_FILE}]
        yield {"name": "store-ca", "secret": {"secretName": ref.name, "items": items}}, _mount("store-ca", AUTHORITY)


def _each_claim_once(mounted: Iterable[Mounted]) -> list[Mounted]:
    """One volume for all folders of a claim: the kubelet never starts a pod that names a claim in two volumes."""
    first: dict[str, Manifest] = {}
    found: list[Mounted] = []
    for volume, mount in mounted:
        claim = volume.get("persistentVolumeClaim", {}).get("claimName")
        kept = first.setdefault(claim, volume) if claim else volume
        found.append((kept, {**mount, "name": kept["name"]}))
    return found


def _source(source: Source) -> Iterator[Mounted]:
    """A bucket is read over the network."""
    name, path = f"source-{source.name}", f"{SOURCES}/{source.name}"
    if source.pvc:
        yield _pvc(name, source.pvc, path)
    if source.volume:
        yield {**source.volume, "name": name}, _mount(name, path)


def _pvc(name: str, source: PvcSource, path: str) -> Mounted:
    volume = {"name": name, "persistentVolumeClaim": {"claimName": source.claim_name, "readOnly": True}}
    return volume, _mount(name, path, source.path)


def _image(name: str, source: ImageVolume, path: str) -> Mounted:
    volume = {"name": name, "image": {"reference": source.reference, "pullPolicy": "IfNotPresent"}}
    return volume, _mount(name, path, source.path)


def _mount(name: str, path: str, folder: str = "") -> Manifest:
    return {"name": name, "mountPath": path, "readOnly": True, **_given({"subPath": folder})}


def _given(values: dict[str, Any]) -> Manifest:
    return {name: value for name, value in values.items() if value}
