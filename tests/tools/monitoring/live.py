"""The three programs, really running, after traffic that met everything that dashboards and alerts ask for: what Prometheus would see."""

import contextlib
import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from controller.instruments import Instruments
from controller.observed import Key
from controller.ports import ClusterError
from controller.work_queue import WorkQueue
from observability.metrics import Program
from observability.prometheus import PrometheusMeter
from searchindex.status import IndexingStatus, SearchIndexStatus
from tests.engines import QdrantServer, RedisServer, free_ports

ROOT = Path(__file__).parents[3]
MODEL = {"MODEL_PATH": str(ROOT / "samples" / "model")}
PATIENCE = 300.0  # seconds; it is looked for all the while
COPIES = 16  # of 1,465 pictures: minutes of work
TRACEPARENT = f"00-{'a' * 32}-{'b' * 16}-01"


@dataclass(frozen=True, slots=True)
class Live:
    """Ports on loopback that show `/metrics`."""

    ports: Mapping[Program, int]

    def exposition(self, program: Program) -> str:
        return get(self.ports[program], "/metrics")


@contextlib.contextmanager
def live(qdrant: QdrantServer, redis: RedisServer, *, otlp: str) -> Iterator[Live]:
    """`redis` is stopped meanwhile, for its absence is to be seen. `otlp`: where spans go, or do not arrive."""
    service, jobs = free_ports(2)
    store = {
        "QDRANT_HOST": qdrant.host,
        "QDRANT_PORT": str(qdrant.http_port),
        "QDRANT_GRPC_PORT": str(qdrant.grpc_port),
        "QDRANT_COLLECTION": f"live-{os.getpid()}",
        "OTEL_EXPORTER_OTLP_ENDPOINT": otlp,
        "OTEL_TRACES_SAMPLER": "parentbased_always_on",
        "OTEL_BSP_SCHEDULE_DELAY": "200",
    }
    with contextlib.ExitStack() as stack:
        pictures = _many_pictures(Path(stack.enter_context(tempfile.TemporaryDirectory())))
        stack.enter_context(process("jobs", "index", **store, **_slow_job(jobs, pictures)))
        wait_for(lambda: "searchindex_indexing_pictures{" in get(jobs, "/metrics"))
        wait_for(lambda: json.loads(get(jobs, "/progress")).get("processed", 0) > 0)
        stack.enter_context(process("service", **store, **_service(service, redis)))
        wait_for(lambda: bool(get(service, "/readyz")))
        _traffic(service, redis)
        controller = stack.enter_context(_controller())
        yield Live({Program.SERVICE: service, Program.JOBS: jobs, Program.CONTROLLER: controller})


def _many_pictures(folder: Path) -> Path:
    """The samples many times over, in links where the file system has them."""

    def link(source: str, target: str) -> None:
        try:
            os.link(source, target)
        except OSError:
            shutil.copy(source, target)

    for number in range(COPIES):
        shutil.copytree(ROOT / "samples" / "pictures", folder / str(number), copy_function=link)
    return folder


def _slow_job(port: int, pictures: Path) -> dict[str, str]:
    """One picture at a time, of more than are done while it is looked at."""
    return {
        "IMAGE_DIR": str(pictures),
        "INDEX_BATCH_SIZE": "1",
        "INDEX_NUM_WORKERS": "1",
        "PROGRESS_PORT": str(port),
        "PROGRESS_SECONDS": "0.2",
        "TERMINATION_MESSAGE_PATH": os.devnull,
    }


def _service(port: int, redis: RedisServer) -> dict[str, str]:
    return {
        "API_HOST": "127.0.0.1",
        "API_PORT": str(port),
        "REDIS_HOST": redis.host,
        "REDIS_PORT": str(redis.port),
        "RATE_LIMIT_PICTURES": "1/hour",
        "SEARCH_QUEUE": "2",
        "LLM_ENABLED": "true",
        "OPENAI_BASE_URL": f"http://127.0.0.1:{free_ports(1)[0]}/v1",  # nobody: explanations are unavailable
    }


def _traffic(port: int, redis: RedisServer) -> None:
    for query in ("red heart", "red heart", "rain"):
        search(port, query)
    search(port, "sun", include_explanation=True, explanation_wait_ms=5000)
    search(port, "")
    for _ in range(2):
        get(port, "/thumbnails/1")
    with ThreadPoolExecutor(16) as callers:
        list(callers.map(lambda number: search(port, f"many {number} " * 8), range(48)))  # more than the queue holds
    redis.engine.stop()
    try:
        wait_for(lambda: search(port, f"without a cache {time.monotonic()}") and 'state="open"} 1' in get(port, "/metrics"))
    finally:
        redis.engine.start()


def search(port: int, query: str, *, traceparent: str = TRACEPARENT, **more: object) -> int:
    """The status."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    with contextlib.closing(connection):
        body = json.dumps({"query": query, **more})
        connection.request("POST", "/search", body, {"Content-Type": "application/json", "traceparent": traceparent})
        answer = connection.getresponse()
        answer.read()
        return answer.status


def get(port: int, path: str) -> str:
    """The body of a good answer; empty where there is none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read().decode()
        return body if answer.status == 200 else ""
    return ""


def wait_for(condition) -> None:
    """Until it is true of anything; AssertionError where it does not come about."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with contextlib.suppress(json.JSONDecodeError):
            if condition():
                return
        threading.Event().wait(0.1)
    raise AssertionError("it did not come about")


@contextlib.contextmanager
def process(*module: str, **environ: str) -> Iterator[None]:
    """Its output goes nowhere; it is ended with the test, as a pod would be."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "QDRANT_", "REDIS_"))}
    command = [sys.executable, "-m", *module]
    process = subprocess.Popen(  # noqa: S603  # our own programs
        command, cwd=ROOT, env=kept | MODEL | environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def _controller() -> Iterator[int]:
    """Its meter with its instruments, after a reconciliation of each kind. The whole of it needs a cluster."""
    (port,) = free_ports(1)
    meter = PrometheusMeter(Program.CONTROLLER, version="1.2.3")
    instruments = Instruments(meter=meter, queue=WorkQueue(resync=25.0), watch_age=lambda: 1.5)
    run = IndexingStatus(revision=1, trigger="a-0", job_name="photos-r1-a", total=10, processed=5, indexed=4, failed=1, percent=50)
    with instruments.reconcile(Key("shop", "photos")) as seen:
        seen.status = SearchIndexStatus(indexing=run)
    for error in (ClusterError("away", status=503), RuntimeError("a defect")):
        with contextlib.suppress(type(error)), instruments.reconcile(Key("shop", "photos")):
            raise error
    end = meter.listen(port, host="127.0.0.1")
    try:
        yield port
    finally:
        end()
