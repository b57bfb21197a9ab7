"""The real service over HTTP, and both clients of it."""

import asyncio
import inspect
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from searchindex.client import AsyncClient, Client
from searchindex.stores.edge import EdgeStore
from service.app import create_app
from service.server import listen
from service.settings import Settings
from tests.fakes import FakeTextEncoder
from tests.service.conftest import copy, indexed, parts_of

__all__ = ["indexed"]  # a fixture, imported for pytest to find

READY_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Served:
    """Where it listens, and the folder of its pictures."""

    address: str
    root: Path


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """The application on a port of its own, in a thread; the address."""
    with listen("127.0.0.1", 0) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            _wait(lambda: server.started or not thread.is_alive())
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def _wait(reached: Callable[[], bool]) -> None:
    """Until then; a port that is bound refuses connections until the server listens."""
    ends = time.monotonic() + READY_SECONDS
    while not reached():
        assert time.monotonic() < ends, f"not within {READY_SECONDS} s"
        time.sleep(0.02)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory, indexed: Path) -> Iterator[Served]:
    """One service for all tests of the clients, ready to search."""
    folder = tmp_path_factory.mktemp("served")
    copy(indexed, folder)
    settings = Settings(image_dir=folder / "pictures", cache_dir=folder / "thumbnails")
    with serving(create_app(settings, parts=parts_of(EdgeStore(folder / "store"), FakeTextEncoder()))) as address:
        with Client(address) as client:
            _wait(lambda: client.health().status == "healthy")
        yield Served(address, folder / "pictures")


Ask = Callable[[Callable[[Any], Any]], Any]


def ask_with(kind: str, address: str, **options: Any) -> Ask:
    """What a function of a client comes to, with the client that blocks or with the one that is awaited."""

    async def awaiting(of: Callable[[Any], Any]) -> Any:
        async with AsyncClient(address, **options) as client:
            found = of(client)
            assert inspect.isawaitable(found)
            return await found

    def blocking(of: Callable[[Any], Any]) -> Any:
        with Client(address, **options) as client:
            return of(client)

    return blocking if kind == "blocking" else lambda of: asyncio.run(awaiting(of))


@pytest.fixture(params=["blocking", "awaiting"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def ask(kind: str, served: Served) -> Ask:
    return ask_with(kind, served.address)
