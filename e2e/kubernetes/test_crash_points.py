"""A controller killed before or after each of its writes to a real API server ends where an undisturbed one ends (fault case F-29).

Real kubelet, real Qdrant; the pods' work is a shell command. Each life is created, given another model, and deleted; what is there
after each of the three must be what an undisturbed life leaves.
"""

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from e2e.kubernetes.api_proxy import ApiProxy
from e2e.kubernetes.controller_process import ControllerProcess
from e2e.kubernetes.indexes import quick, search_index
from e2e.kubernetes.kubectl import Kubectl, Manifest, condition, eventually
from e2e.kubernetes.qdrant import Qdrant
from tests.faults.record import record

BUDGET = float(os.environ.get("CRASH_SECONDS", "240"))  # then the remaining points are left out, and the table says how many were run
OTHER = "ViT-B-32/laion2b_s34b_b79k"
SETTLING_SECONDS = 30

Remains = dict[str, Any]
UNKNOWN = (None, None, None)


@dataclass
class Stage:
    """One proxy for all lives; a controller process for each."""

    kubectl: Kubectl
    proxy: ApiProxy
    qdrant: Qdrant
    folder: Path
    controller: ControllerProcess | None = None

    def controller_for(self, name: str) -> ControllerProcess:
        self.controller = ControllerProcess(
            kubeconfig=self.proxy.plain_kubeconfig(), log=self.folder / f"{name}.log", namespaces=self.kubectl.namespace, name=name
        )
        return self.controller

    def wait(self, wanted: Any, what: str) -> Any:
        """As `eventually`; a controller that was killed is started again, as Kubernetes would."""

        def look() -> Any:
            if self.controller is not None and not self.controller.running:
                self.controller.start()
            return wanted()

        return eventually(look, what, seconds=60)


@pytest.fixture(scope="module")
def stage(namespace: Kubectl, qdrant: str, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("crashes")
    with ApiProxy(kubeconfig=Path(environment["KUBECONFIG"]), folder=folder) as proxy:
        made = Stage(namespace, proxy, Qdrant(qdrant), folder)
        yield made
        if made.controller is not None:
            made.controller.stop()


def remains(stage: Stage, name: str) -> Remains:
    """What matters of one life, its name taken out."""
    index = stage.kubectl.get("si", name)
    jobs = stage.kubectl.list("jobs", f"searchindex.dev/index={name}")
    return {
        "index": _said(index, name),
        "jobs": sorted(_plain(job["metadata"]["labels"]["searchindex.dev/revision"], name) for job in jobs),
        "collections": sorted(_plain(each, name) for each in stage.qdrant.collections() if each.startswith(f"{name}-r")),
        "alias": _plain(stage.qdrant.aliases().get(name, ""), name),
    }


def _plain(text: str, name: str) -> str:
    return text.replace(name, "NAME")


def _said(index: Manifest | None, name: str) -> Any:
    if index is None:
        return None
    status = index.get("status") or {}
    conditions = {each["type"]: (each["status"], each["reason"]) for each in status.get("conditions", [])}
    return conditions, index["metadata"].get("finalizers"), _plain((status.get("active") or {}).get("collection", ""), name)


def live(stage: Stage, name: str, expected: Sequence[Remains | None]) -> list[Remains]:
    """Created, changed, deleted; what remained after each. `expected`: of each what an undisturbed life leaves."""
    found: list[Remains] = []
    spec = {"reclaimPolicy": "Delete", "rollout": {"revisionHistoryLimit": 0}, "indexing": quick()}
    stage.kubectl.apply(search_index(name, host=stage.qdrant.host, **spec))
    stage.wait(lambda: condition(stage.kubectl.get("si", name), "Ready")[0] == "True", f"{name} is Ready")
    found.append(_settled(stage, name, expected[0]))
    stage.kubectl.merge("si", name, {"spec": {"model": {"name": OTHER}}})
    stage.wait(lambda: _rolled_out(stage, name), f"{name} has its second revision")
    found.append(_settled(stage, name, expected[1]))
    stage.kubectl.delete("si", name, wait=False)
    stage.wait(lambda: stage.kubectl.get("si", name) is None, f"{name} is gone")
    found.append(_settled(stage, name, expected[2]))
    return found


def _rolled_out(stage: Stage, name: str) -> bool:
    index = stage.kubectl.get("si", name)
    active = ((index or {}).get("status") or {}).get("active") or {}
    return active.get("revision") == 2 and condition(index, "UpToDate")[0] == "True"


def _settled(stage: Stage, name: str, expected: Remains | None) -> Remains:
    """What is there once nothing changes any more: a second apart the same, and where it is known, what is expected.

    A controller that was killed takes seconds to start again, in which nothing changes either: hence `SETTLING_SECONDS` for it.
    """
    last: Remains = {}
    end = time.monotonic() + SETTLING_SECONDS

    def same() -> Remains | None:
        nonlocal last
        before, last = last, remains(stage, name)
        time.sleep(1)
        late = time.monotonic() > end
        return last if before == last and (expected in (None, last) or late) else None

    found: Remains = stage.wait(same, f"{name} settles")
    return found


def one_life(stage: Stage, name: str, *, at: int, after: bool, expected: Sequence[Remains | None] = UNKNOWN) -> list[Remains]:
    controller = stage.controller_for(name)
    stage.proxy.arm(at=at, after=after, kill=controller.kill)
    controller.start()
    try:
        return live(stage, name, expected)
    finally:
        controller.stop()


def _differences(found: Remains, expected: Remains) -> list[str]:
    return [f"{part} is {found[part]}, not {expected[part]}" for part in expected if found[part] != expected[part]]


@pytest.mark.timeout(BUDGET + 120)
def test_killed_at_any_write_it_ends_the_same(stage: Stage) -> None:
    """No crash point leaves anything extra, loses anything, or needs a hand."""
    golden = one_life(stage, "undisturbed", at=0, after=False)
    assert golden[-1] == {"index": None, "jobs": [], "collections": [], "alias": ""}
    writes = list(stage.proxy.writes)
    points = [(number, after) for number in range(1, len(writes) + 1) for after in (False, True)]
    points = points[::3] + points[1::3] + points[2::3]  # a run that is cut short has seen all parts of the life
    began, done = time.monotonic(), 0
    diverged: list[str] = []
    for number, after in points:
        if time.monotonic() - began > BUDGET:
            break
        where = f"{'after' if after else 'before'} write {number}"
        found = one_life(stage, f"c{number}{'a' if after else 'b'}", at=number, after=after, expected=golden)
        diverged += [f"{where}: {said}" for one, other in zip(found, golden, strict=True) for said in _differences(one, other)]
        done += 1
    record("F-29", cases=done, bad=diverged, measured=f"on a cluster; {done} of {len(points)} points of {len(writes)} writes")
