"""The product as a stranger has it: a command, run in real processes, that keeps everything in one folder."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

REPOSITORY = Path(__file__).resolve().parent.parent
PICTURES = REPOSITORY / "samples" / "pictures"
METADATA = REPOSITORY / "samples" / "metadata.jsonl"
SAMPLES = sum(1 for _ in PICTURES.rglob("*.png"))
READY_SECONDS = 60
OURS = ("SEARCHINDEX_", "CLIP_", "QDRANT_", "REDIS_", "SEARCH_", "CACHE_", "API_", "IMAGE_", "INDEX_", "MODEL")


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def answer(self) -> Any:
        """Its JSON, which is the last line of standard output."""
        assert self.status in (0, 1), self.err
        return json.loads(self.out.splitlines()[-1])


@dataclass(frozen=True, slots=True)
class Server:
    """A process that serves, and a client that keeps its connection."""

    process: "subprocess.Popen[str]"
    address: str
    client: httpx2.Client

    def search(self, query: str, **others: Any) -> Any:
        response = self.client.post("/search", json={"query": query, **others})
        assert response.status_code == 200, response.text
        return response.json()

    def kill(self) -> None:
        """As the kernel does when memory runs out: nothing is written any more."""
        self.process.kill()
        self.process.wait()

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class Product:
    """`home` becomes SEARCHINDEX_HOME; nothing else of whoever runs the tests reaches the product."""

    home: Path

    def start(self, *arguments: str | Path) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "cli", *map(str, arguments)]
        return subprocess.Popen(command, cwd=REPOSITORY, env=self._environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, *arguments: str | Path) -> Done:
        with self.start(*arguments) as process:
            out, err = process.communicate(timeout=100)
        return Done(process.returncode, out, err)

    @contextmanager
    def serving(self, name: str) -> Iterator[Server]:
        """Ready to answer. Whatever the test left running is killed."""
        with self.start("serve", "--name", name, "--port", "0") as process:
            try:
                address = _address(process)
                with httpx2.Client(base_url=address, timeout=30, trust_env=False) as client:
                    _wait(client, process)
                    yield Server(process, address, client)
            finally:
                process.kill()

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        return kept | {"SEARCHINDEX_HOME": str(self.home), "NO_COLOR": "1", "COLUMNS": "200", "TERM": "dumb"}


def _address(process: "subprocess.Popen[str]") -> str:
    """What it says on its first line, as a person would read it."""
    line = process.stdout.readline() if process.stdout else ""
    found = re.search(r"http://\S+", line)
    if found is None:
        _, err = process.communicate(timeout=10)
        raise AssertionError(f"it does not serve: {line}{err}")
    return found[0]


def _wait(client: httpx2.Client, process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + READY_SECONDS
    said = "nothing"
    while time.monotonic() < deadline and process.poll() is None:
        try:
            response = client.get("/readyz")
        except httpx2.TransportError as error:
            said = str(error)
        else:
            if response.status_code == 200:
                return
            said = response.text
        time.sleep(0.05)
    raise AssertionError(f"it did not become ready; the last it said: {said}")
