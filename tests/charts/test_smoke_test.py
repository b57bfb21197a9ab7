"""What `helm test` runs, against the real service on loopback: it succeeds where all is well, and says what is not."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn

from searchindex.stores.edge import EdgeStore
from service.app import create_app
from service.key_file import KeyScope, new_key
from service.server import listen
from service.settings import Settings
from tests.charts.render import CHARTS
from tests.fakes import FakeTextEncoder
from tests.service.conftest import copy, indexed, parts_of

__all__ = ["indexed"]  # a fixture

SCRIPT = CHARTS / "searchindex/files/smoke_test.py"


@contextmanager
def serving(folder: Path, *, fingerprint: str = "f", keys: Path | None = None) -> Iterator[str]:
    """The address of a service over the store in `folder`."""
    listener = listen("127.0.0.1", 0)
    app = create_app(Settings(api_keys_file=keys), parts=parts_of(EdgeStore(folder / "store"), FakeTextEncoder(), fingerprint=fingerprint))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def run(address: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Without the project's packages: the script rests on Python alone."""
    given = {"PATH": os.environ["PATH"], "ADDRESS": address, "PATIENCE_SECONDS": "20", **environment}
    return subprocess.run([sys.executable, "-I", str(SCRIPT)], env=given, capture_output=True, text=True, check=False, timeout=90)  # noqa: S603


@pytest.fixture
def folder(tmp_path: Path, indexed: Path) -> Path:  # pytest hands a fixture over by its name
    copy(indexed, tmp_path)
    return tmp_path


def test_all_is_well(folder: Path) -> None:
    """Ready, a search, the same from the cache, and its metrics, one line each."""
    with serving(folder) as address:
        done = run(address)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.partition(":")[0] for line in done.stdout.splitlines() if line.endswith(": ok")][:2] == ["ready", "search"]
    assert done.stdout.splitlines()[-2:] == ["cache: ok", "metrics: ok"]


def test_what_is_not_ready_is_told(folder: Path) -> None:
    """With the reason of the service itself, after a patience."""
    with serving(folder, fingerprint="another") as address:
        began = time.monotonic()
        done = run(address, PATIENCE_SECONDS="1")
    assert done.returncode == 1
    assert done.stderr.startswith("ready: 503: The collection")
    assert time.monotonic() - began < 60


def test_a_key_is_sent_and_its_lack_is_told(folder: Path) -> None:
    """A key that may search sees no metrics, which is no fault of the installation."""
    key, line = new_key("smoke", [KeyScope.SEARCH])
    (folder / "keys").write_text(line + "\n")
    with serving(folder, keys=folder / "keys") as address:
        without, done = run(address), run(address, API_KEY=f"{key}\n")
    assert (without.returncode, without.stderr[:12]) == (1, "search: 401:")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "metrics: only for a key with the scope admin")
