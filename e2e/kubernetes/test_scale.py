"""How long creating takes, and what five hundred idle SearchIndexes cost: measured, written down when asked, never a timed assertion.

`WRITE_RESULTS=1` writes docs/results/controller.json.
"""

import json
import os
import statistics
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bench.machine import this_machine
from controller.settings import Settings
from e2e.kubernetes.conftest import start_qdrant
from e2e.kubernetes.controller_process import ControllerProcess
from e2e.kubernetes.indexes import search_index
from e2e.kubernetes.kubectl import Kubectl, condition, eventually

ROOT = Path(__file__).parents[2]
IDLE = int(os.environ.get("IDLE_INDEXES", "50"))
COLLECTIONS = 200  # in one Qdrant, which runs out of memory maps between 300 and 400
CREATED = 7
RESYNC = Settings.model_fields["resync_seconds"].default
WATCHED_SECONDS = 60
LIMIT_MB = 200
FOUND: dict[str, Any] = {}


@pytest.fixture(scope="module")
def controller(namespace: Kubectl, kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControllerProcess]:
    log = tmp_path_factory.mktemp("scale") / "controller.log"
    made = ControllerProcess(kubeconfig=kubeconfig, log=log, namespaces=namespace.namespace, settings={"RESYNC_SECONDS": str(RESYNC)})
    made.start()
    made.wait_ready()
    yield made
    made.stop()
    if FOUND and os.environ.get("WRITE_RESULTS"):
        path = ROOT / "docs/results/controller.json"
        path.write_text(json.dumps({"machine": this_machine().as_json(), **FOUND}, indent=2) + "\n", "utf-8")


def test_how_long_until_the_collection_is_ready(namespace: Kubectl, qdrant: str, controller: ControllerProcess) -> None:
    """From `kubectl apply` to CollectionReady, with Qdrant up."""
    seconds = []
    for number in range(CREATED):
        name = f"created-{number}"
        namespace.apply(search_index(name, host=qdrant, indexing={"parallelism": 0}))
        began = time.monotonic()
        while condition(namespace.get("si", name), "CollectionReady")[0] != "True":
            assert time.monotonic() - began < 30
        seconds.append(time.monotonic() - began)
    namespace.run("delete", "si", "--all")  # they wait for pods, and are not at rest
    FOUND["collection_ready_seconds"] = {"median": round(statistics.median(seconds), 2), "max": round(max(seconds), 2), "count": CREATED}


@pytest.mark.timeout(1800)
def test_what_idle_indexes_cost(namespace: Kubectl, qdrant: str, controller: ControllerProcess) -> None:
    """Indexes at rest take next to no processor, and memory within the chart's limit."""
    hosts = [qdrant, *(start_qdrant(namespace, f"qdrant-{n}") for n in range(1, -(-IDLE // COLLECTIONS)))]
    for suspended in (False, True):  # made first, then put to rest
        for first in range(0, IDLE, 50):
            spec = {"suspend": suspended, "indexing": {"parallelism": 0}}
            namespace.apply(*(search_index(f"idle-{n}", host=hosts[n // COLLECTIONS], **spec) for n in range(first, min(IDLE, first + 50))))
        eventually(partial(_at_rest, namespace, suspended=suspended), "all have their collection", seconds=600)
    time.sleep(45)
    before = _processor_seconds(controller.pid)
    time.sleep(WATCHED_SECONDS)
    share = (_processor_seconds(controller.pid) - before) / WATCHED_SECONDS
    megabytes = _resident_megabytes(controller.pid)
    FOUND["idle"] = {"indexes": IDLE, "share_of_a_core": round(share, 4), "resident_mb": round(megabytes), "resync_seconds": RESYNC}
    assert megabytes < LIMIT_MB


def _at_rest(kubectl: Kubectl, *, suspended: bool) -> bool:
    listed = [each for each in kubectl.list("si") if each["metadata"]["name"].startswith("idle-")]
    reason = "Suspended" if suspended else "Indexing"
    return len(listed) == IDLE and all(condition(each, "Indexed")[1] == reason for each in listed)


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident_megabytes(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
