"""Asks an indexing Job's pods how far they are. What an ended Job said is kept: nobody asks twice.

Nor is one asked again that has no living pod, until it changes itself: its controller writes down each pod that it makes.
"""

import asyncio
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import aiohttp

from controller.observed import Counts, Manifest
from controller.pods import Problem, Said, counts_of, is_progress, problem_of
from controller.ports import Cluster
from controller.resources import ending

TIMEOUT = 2.0  # seconds; a pod that does not answer is asked again at the next look
ANSWER_LIMIT = 64 << 10  # bytes
AT_ONCE = 16
FRESH_SECONDS = 1.0  # one reconcile looks several times
ENDED = {"Succeeded", "Failed"}


@dataclass(frozen=True, slots=True)
class Report:
    """What the pods of a Job say."""

    counts: Counts
    problem: Problem | None


@dataclass(frozen=True, slots=True)
class _Kept:
    """`version`: the Job's, where nothing more is to be heard until it is another."""

    report: Report
    at: float
    final: bool
    version: str | None


class Progress:
    """`port`: where the pods serve `/progress`. `clock`: seconds, monotonic."""

    def __init__(self, cluster: Cluster, *, port: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._cluster, self._port, self._clock = cluster, port, clock
        self._kept: dict[str, _Kept] = {}
        self._session: aiohttp.ClientSession | None = None

    async def of(self, job: Manifest) -> Report:
        """ClusterError where the pods cannot be listed."""
        uid = str(job["metadata"]["uid"])
        kept = self._kept.get(uid)
        ended = ending(job) is not None
        if kept is not None and (kept.final or (not ended and self._holds(kept, job))):
            return kept.report
        pods = await self._cluster.pods(job["metadata"]["namespace"], job["metadata"]["name"])
        report = await self._ask(job, pods)
        version = job["metadata"].get("resourceVersion") if all(_phase(pod) in ENDED for pod in pods) else None
        self._kept[uid] = _Kept(report, self._clock(), ended, version)
        return report

    def _holds(self, kept: _Kept, job: Manifest) -> bool:
        if kept.version is not None and kept.version == job["metadata"].get("resourceVersion"):
            return True
        return self._clock() - kept.at < FRESH_SECONDS

    def forget(self, uids: Iterable[str]) -> None:
        """Of Jobs that are no longer there."""
        for uid in uids:
            self._kept.pop(uid, None)

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _ask(self, job: Manifest, pods: list[Manifest]) -> Report:
        running = [pod for pod in pods if _phase(pod) == "Running" and pod["status"].get("podIP")]
        answers = await asyncio.gather(*(self._answer(str(pod["status"]["podIP"])) for pod in running))
        live = {str(pod["metadata"]["uid"]): said for pod, said in zip(running, answers, strict=True) if said is not None}
        completions = int((job.get("spec") or {}).get("completions") or 1)
        return Report(counts_of(pods, live, completions=completions), problem_of(job, pods))

    async def _answer(self, address: str) -> Said | None:
        host = f"[{address}]" if ":" in address else address
        try:
            async with self._open().get(f"http://{host}:{self._port}/progress", allow_redirects=False) as response:
                said: Any = json.loads(await response.content.read(ANSWER_LIMIT))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return None
        return said if is_progress(said) else None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=AT_ONCE, force_close=True)
            timeout = aiohttp.ClientTimeout(total=TIMEOUT)
            self._session = aiohttp.ClientSession(connector=connector, timeout=timeout, trust_env=False)
        return self._session


def _phase(pod: Manifest) -> str:
    return str((pod.get("status") or {}).get("phase"))
