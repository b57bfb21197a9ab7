"""kopf watches, we reconcile: its handlers only tell the mirror what was seen and the queue what to look at.

No kopf handler ever writes: no annotations, no finalizers, no retries of kopf's own. What is due is decided level by level in
`reconcile.py`, so an event that was lost, doubled or reordered changes nothing but the moment.
"""

from collections.abc import Callable, Iterable
from typing import Any

import kopf

from controller.mirror import Mirror, key_of
from controller.names import LABEL_INDEX
from controller.observed import Key
from searchindex.spec import GROUP, PLURAL, VERSION

DELETED = "DELETED"
Wake = Callable[[Key], None]


def log_in(registry: kopf.OperatorRegistry) -> None:
    """As the pod's service account, else as KUBECONFIG says: the two ways that need no other client library."""

    @kopf.on.login(registry=registry)
    def credentials(**given: Any) -> kopf.ConnectionInfo | None:
        return kopf.login_with_service_account(**given) or kopf.login_with_kubeconfig(**given)


def watch(registry: kopf.OperatorRegistry, mirror: Mirror, *, wake: Wake, seen: Wake, gone: Wake) -> None:
    """SearchIndexes, and the Jobs that are labelled with one. `seen` is told of each event of a SearchIndex."""

    @kopf.on.event(GROUP, VERSION, PLURAL, registry=registry)
    async def index_event(event: kopf.RawEvent, **_: Any) -> None:
        manifest: Any = event["object"]
        seen(key_of(manifest))
        if event["type"] == DELETED:
            _wake_all(mirror.lost_index(key_of(manifest)), wake)
            gone(key_of(manifest))
        else:
            _wake_all(mirror.saw_index(manifest), wake)

    @kopf.on.event("batch", "v1", "jobs", registry=registry, labels={LABEL_INDEX: kopf.PRESENT})
    async def job_event(event: kopf.RawEvent, **_: Any) -> None:
        manifest: Any = event["object"]
        wake(mirror.lost_job(manifest) if event["type"] == DELETED else mirror.saw_job(manifest))


def watching_settings(*, clusterwide: bool) -> kopf.OperatorSettings:
    """One controller, no peering, no Events of kopf's own; a watch that is silent is begun anew.

    Without rights in the whole cluster kopf must not look for new definitions and namespaces: then ours are there before it starts.
    """
    settings = kopf.OperatorSettings()
    settings.scanning.disabled = not clusterwide
    settings.peering.standalone = True
    settings.posting.enabled = False
    settings.watching.server_timeout = 300
    settings.watching.client_timeout = 330
    settings.watching.reconnect_backoff = 1.0
    settings.networking.error_backoffs = [1, 2, 4, 8, 8, 8, 8]
    return settings


def _wake_all(keys: Iterable[Key], wake: Wake) -> None:
    for key in keys:
        wake(key)
