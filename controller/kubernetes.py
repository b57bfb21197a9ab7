"""Cluster over lightkube: the one place where Kubernetes' API is spoken to, watches aside. Objects are plain dictionaries.

lightkube's own models are not used: they cost memory, and would drop fields of newer versions.
"""

import asyncio
import base64
import binascii
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import httpx2
import msgspec
from lightkube import ApiError, AsyncClient
from lightkube.config.kubeconfig import KubeConfig
from lightkube.core.exceptions import ConfigError
from lightkube.generic_resource import create_global_resource, create_namespaced_resource
from lightkube.types import CascadeType, PatchType

from controller.names import FIELD_MANAGER, LABEL_INDEX
from controller.observed import Key, Manifest
from controller.ports import ClusterError
from searchindex.errors import shorten
from searchindex.spec import GROUP, KIND, PLURAL, VERSION

SearchIndex = create_namespaced_resource(GROUP, VERSION, KIND, PLURAL)
Job = create_namespaced_resource("batch", "v1", "Job", "jobs")
Lease = create_namespaced_resource("coordination.k8s.io", "v1", "Lease", "leases")
Pod = create_namespaced_resource("", "v1", "Pod", "pods")
Secret = create_namespaced_resource("", "v1", "Secret", "secrets")
Event = create_namespaced_resource("", "v1", "Event", "events")
Namespace = create_global_resource("", "v1", "Namespace", "namespaces")

LABEL_JOB = "batch.kubernetes.io/job-name"  # since Kubernetes 1.27
TIMEOUT = 10.0  # seconds, for every single call
PAGE = 500  # objects in one answer to a list
EVENT_LIMIT = 1024  # bytes of an Event's message


class KubernetesCluster:
    """`namespaces`: where SearchIndexes are looked for; empty: everywhere. `config`: None finds the pod's own, or KUBECONFIG's."""

    def __init__(self, *, namespaces: Sequence[str] = (), config: KubeConfig | None = None, timeout: float = TIMEOUT) -> None:
        self._namespaces = tuple(namespaces) or ("*",)
        self._timeout = timeout
        # lightkube's overloads know no resources that are made at run time
        self._client: Any = AsyncClient(config=config, timeout=httpx2.Timeout(timeout), field_manager=FIELD_MANAGER)

    async def close(self) -> None:
        await self._client.close()

    async def index(self, key: Key) -> Manifest | None:
        return await self._get(SearchIndex, key.name, key.namespace)

    async def indexes(self) -> list[Manifest]:
        return [each for namespace in self._namespaces for each in await self._list(SearchIndex, namespace, {})]

    async def jobs(self, key: Key) -> list[Manifest]:
        return await self._list(Job, key.namespace, {LABEL_INDEX: key.name})

    async def pods(self, namespace: str, job: str) -> list[Manifest]:
        return await self._list(Pod, namespace, {LABEL_JOB: job})

    async def secret(self, namespace: str, name: str) -> dict[str, bytes] | None:
        found = await self._get(Secret, name, namespace)
        return None if found is None else {key: _decoded(value) for key, value in (found.get("data") or {}).items()}

    async def namespace_terminating(self, namespace: str) -> bool:
        try:
            found = await self._get(Namespace, namespace, None)
        except ClusterError as error:
            if error.status == HTTPStatus.FORBIDDEN:  # a controller of some namespaces alone may not see them: then it is not known
                return False
            raise
        return found is None or "deletionTimestamp" in found["metadata"]

    async def apply_job(self, namespace: str, manifest: Manifest) -> None:
        async with self._errors():
            await self._client.patch(
                Job, str(manifest["metadata"]["name"]), manifest, namespace=namespace, patch_type=PatchType.APPLY, force=True
            )

    async def delete_job(self, namespace: str, name: str) -> None:
        async with self._errors(may_be_gone=True):
            await self._client.delete(Job, name, namespace=namespace, cascade=CascadeType.FOREGROUND)

    async def expire_job(self, namespace: str, name: str, ttl: int) -> None:
        change = {"spec": {"ttlSecondsAfterFinished": ttl}}
        async with self._errors(may_be_gone=True):
            await self._client.patch(Job, name, change, namespace=namespace, patch_type=PatchType.MERGE)

    async def set_finalizers(self, key: Key, finalizers: Sequence[str], *, resource_version: str) -> None:
        change = {"metadata": {"finalizers": list(finalizers), "resourceVersion": resource_version}}
        async with self._errors():
            await self._client.patch(SearchIndex, key.name, change, namespace=key.namespace, patch_type=PatchType.MERGE)

    async def set_status(self, key: Key, status: Manifest) -> None:
        """JSON Patch's `add` replaces a member that is there (RFC 6902, 4.1): what the new status does not say goes."""
        change = [{"op": "add", "path": "/status", "value": status}]
        async with self._errors():
            await self._client.patch(SearchIndex.Status, key.name, change, namespace=key.namespace, patch_type=PatchType.JSON)

    async def touch(self, key: Key, stamp: str) -> None:
        change = {"status": {"heartbeatTime": stamp}}
        async with self._errors(may_be_gone=True):
            await self._client.patch(SearchIndex.Status, key.name, change, namespace=key.namespace, patch_type=PatchType.MERGE)

    async def record_event(self, key: Key, uid: str, *, kind: str, reason: str, message: str) -> None:
        async with self._errors():
            event = Event.from_dict(_event(key, uid, kind=kind, reason=reason, message=message))
            await self._client.create(event, namespace=key.namespace)

    async def lease(self, namespace: str, name: str) -> Manifest | None:
        return await self._get(Lease, name, namespace)

    async def put_lease(self, namespace: str, manifest: Manifest) -> None:
        async with self._errors():
            if "resourceVersion" in manifest["metadata"]:
                await self._client.replace(Lease.from_dict(manifest), namespace=namespace)
            else:
                await self._client.create(Lease.from_dict(manifest), namespace=namespace)

    async def _get(self, kind: Any, name: str, namespace: str | None) -> Manifest | None:
        where = {} if namespace is None else {"namespace": namespace}
        async with self._errors(may_be_gone=True):
            return dict(await self._client.get(kind, name, **where))
        return None

    async def _list(self, kind: Any, namespace: str, labels: dict[str, Any]) -> list[Manifest]:
        async with self._errors():
            return [dict(each) async for each in self._client.list(kind, namespace=namespace, labels=labels or None, chunk_size=PAGE)]

    @asynccontextmanager
    async def _errors(self, *, may_be_gone: bool = False) -> AsyncIterator[None]:
        """`may_be_gone`: a 404 is no error."""
        try:
            async with asyncio.timeout(self._timeout):
                yield
        except httpx2.HTTPStatusError as error:
            status = error.response.status_code
            if may_be_gone and status == HTTPStatus.NOT_FOUND:
                return
            said = str(error.status.message or "") if isinstance(error, ApiError) else ""
            raise ClusterError(f"The API server answers {status}: {shorten(said) or 'no more'}", status=status) from error
        except (httpx2.HTTPError, TimeoutError) as error:
            said = shorten(str(error)) or "no answer in time"
            raise ClusterError(f"The API server cannot be reached: {said}", status=0) from error
        except (ConfigError, msgspec.MsgspecError, KeyError) as error:  # KeyError: lightkube, on an error without a Content-Type
            cause = error.__context__
            status = cause.response.status_code if isinstance(cause, httpx2.HTTPStatusError) else 0
            raise ClusterError(f"The API server's answer cannot be used ({status or type(error).__name__}).", status=status) from error


def _decoded(value: str) -> bytes:
    try:
        return base64.b64decode(value)
    except binascii.Error:
        return b""


def _event(key: Key, uid: str, *, kind: str, reason: str, message: str) -> Manifest:
    """A core/v1 Event, which every kubectl shows under `describe`."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"generateName": f"{key.name[:200]}.", "namespace": key.namespace},
        "involvedObject": {"apiVersion": f"{GROUP}/{VERSION}", "kind": KIND, "namespace": key.namespace, "name": key.name, "uid": uid},
        "type": kind,
        "reason": reason,
        "message": shorten(message, EVENT_LIMIT),
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
        "source": {"component": FIELD_MANAGER},
    }
