"""A served application, in a process of its own and behind keys, to throw things at."""

import http.client
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.key_file import KeyScope, new_key
from tests.faults.wire import Served
from tests.service.conftest import copy, indexed

__all__ = ["indexed"]  # a fixture

READY_SECONDS = 60
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory, indexed: Path) -> Iterator[Served]:
    """The service, ready. At the end it must still be the same process: nothing that was thrown at it ended it."""
    folder = tmp_path_factory.mktemp("served")
    copy(indexed, folder)
    (search, line), (admin, other) = new_key("web", [KeyScope.SEARCH]), new_key("ops", [KeyScope.ADMIN])
    (folder / "keys").write_text(f"{line}\n{other}\n")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603  # our own program
            [sys.executable, "-m", "tests.faults.serve", str(folder)], stdout=subprocess.PIPE, stderr=log, cwd=ROOT
        )
    try:
        assert process.stdout
        port = process.stdout.readline().strip()
        assert port, (folder / "log").read_text()
        found = Served(port=int(port), pid=process.pid, key=search, admin=admin, folder=folder)
        _until_ready(found)
        yield found
        assert process.poll() is None, (folder / "log").read_text()[-2000:]
        process.terminate()
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.communicate()


def _until_ready(served: Served) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not _is_ready(served):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _is_ready(served: Served) -> bool:
    try:
        return served.ask("GET", "/readyz").status == http.client.OK
    except ConnectionRefusedError:
        return False
