"""The server of the measurement: started on a folder of its own, filled by the product's program, looked at from outside."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.engines import QdrantServer

ROOT = Path(__file__).resolve().parents[2]
BUDGET = "QDRANT__STORAGE__PERFORMANCE__OPTIMIZER_CPU_BUDGET"
MEMORY = re.compile(r"^(VmRSS|RssAnon|RssFile):\s+(\d+) kB$", re.MULTILINE)


def restarted(server: QdrantServer, *, optimizer_threads: int) -> None:
    """Anew on the same files, with so many threads for segments and graphs: `optimizerThreads` of the chart, which has 1."""
    server.engine.stop()
    server.engine.environment[BUDGET] = str(optimizer_threads)
    server.engine.start()


def simulate(server: QdrantServer, collection: str, *, points: int, flags: tuple[str, ...] = ()) -> "subprocess.Popen[str]":
    """Begin to fill the collection; `ended` waits for it."""
    ports = ("--qdrant-port", str(server.http_port), "--qdrant-grpc-port", str(server.grpc_port), "--qdrant-timeout", "300")
    asked = ("--points", str(points), "--qdrant-collection", collection, "--qdrant-host", server.host, *ports, *flags)
    return subprocess.Popen([sys.executable, "-m", "jobs", "simulate", *asked], cwd=ROOT, stdout=subprocess.PIPE, text=True)


def following(process: "subprocess.Popen[str]") -> dict[str, Any]:
    """The next line that it says; its last is the summary."""
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise RuntimeError(f"jobs simulate ended with status {process.wait()}")
    said: dict[str, Any] = json.loads(line)
    print(line.strip(), file=sys.stderr, flush=True)
    return said


def ended(process: "subprocess.Popen[str]") -> dict[str, Any]:
    """Its summary."""
    while (said := following(process))["event"] != "summary":
        pass
    if process.wait():
        raise RuntimeError(f"jobs simulate: {said['message']}")
    return said


def resident(server: QdrantServer) -> dict[str, int]:
    """Megabytes in RAM: all, what is the process' own, and what are pages of its files, which the system may take back."""
    process = server.engine.process
    status = Path(f"/proc/{process.pid}/status").read_text("ascii") if process else ""
    return {name: int(kilobytes) // 1024 for name, kilobytes in MEMORY.findall(status)}
