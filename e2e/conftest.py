"""What the end-to-end tests share: indexed homes, a server, and the table at the end."""

import inspect
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from e2e.product import PICTURES, Product, Server
from tests.service.web.conftest import browser

__all__ = ["browser"]

LIMIT_SECONDS = 1380  # no test begins later, and none takes longer than its own limit: together at most 25 minutes
TEST_SECONDS = 110
BEGAN = time.monotonic()


@dataclass(frozen=True, slots=True)
class Line:
    """One of the table."""

    what: str
    outcome: str
    seconds: float


LINES = pytest.StashKey[list[Line]]()
SAID = pytest.StashKey[dict[str, str]]()


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Product:
    """A home in which the demonstration was run once."""
    return _demonstrated(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The demonstration's index of another home, served for the whole session: it can be open in one process only."""
    with _demonstrated(tmp_path_factory.mktemp("served")).serving("demo") as running:
        yield running


def _demonstrated(home: Path) -> Product:
    product = Product(home)
    done = product.run("demo", "--once")
    assert done.status == 0, done.err
    return product


@pytest.fixture
def fresh(tmp_path: Path) -> Product:
    """An empty home."""
    return Product(tmp_path / "home")


@pytest.fixture
def flags(tmp_path: Path) -> Path:
    """A folder of one's own: forty of the sample pictures, all in one folder."""
    return Path(shutil.copytree(PICTURES / "flags", tmp_path / "mine" / "flags")).parent


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    config.stash[LINES], config.stash[SAID] = [], {}
    config.pluginmanager.register(_Table(config), "e2e-table")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Every test is bounded, and its docstring is its line in the table."""
    for item in items:
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(TEST_SECONDS))
        said = inspect.getdoc(getattr(item, "function", None)) or item.name
        config.stash[SAID][item.nodeid] = said.splitlines()[0]


def pytest_runtest_setup() -> None:
    if time.monotonic() - BEGAN > LIMIT_SECONDS:
        pytest.fail(f"not begun: {LIMIT_SECONDS} seconds are over")


@dataclass(frozen=True, slots=True)
class _Table:
    """Collects outcomes, and prints them at the end."""

    config: pytest.Config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test that passed counts by its body; one that failed or was skipped, wherever that was."""
        if report.when == "call" or not report.passed:
            said = self.config.stash[SAID].get(report.nodeid, report.nodeid)
            self.config.stash[LINES].append(Line(said, report.outcome, report.duration))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("what was done")
        for line in self.config.stash[LINES]:
            terminalreporter.write_line(f"{line.outcome:<8} {line.seconds:6.1f} s  {line.what}")
        terminalreporter.write_line(f"{time.monotonic() - BEGAN:15.1f} s  altogether")
