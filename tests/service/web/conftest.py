"""A real browser and a stand-in service for the tests of the page."""

import importlib.util
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from .stub import Stub, running

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def _missing(reason: str) -> None:
    (pytest.fail if os.environ.get("REQUIRE_BROWSER") == "1" else pytest.skip)(reason)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium; its absence skips, unless REQUIRE_BROWSER=1."""
    program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        _missing(f"no Chromium: set CHROMIUM, or put one of {', '.join(NAMES)} on PATH")
    if importlib.util.find_spec("playwright") is None:
        _missing("no playwright: the browser cannot be driven")
    sync_api = importlib.import_module("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", *QUIET])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def _service() -> Iterator[tuple[Stub, str]]:
    stub = Stub()
    with running(stub) as address:
        yield stub, address


@pytest.fixture(autouse=True)
def stub(_service: tuple[Stub, str]) -> Stub:
    """The service, with nothing of other tests left in it."""
    stub, _ = _service
    vars(stub).update(vars(Stub(pictures=stub.pictures)))
    return stub


@pytest.fixture
def address(_service: tuple[Stub, str]) -> str:
    return _service[1]


@pytest.fixture(scope="module")
def _context(browser: Any) -> Any:
    """One for all, so that the files of the page are fetched once."""
    return browser.new_context(viewport={"width": 1200, "height": 800}, reduced_motion="reduce")


@contextmanager
def _watched(context: Any) -> Iterator[Any]:
    """A fresh page; an error in a script, or a breach of the content security policy, fails the test."""
    page = context.new_page()
    page.set_default_timeout(8000)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda line: faults.append(line.text) if "Content Security Policy" in line.text else None)
    yield page
    page.evaluate("localStorage.clear()")
    page.close()
    assert not faults


@pytest.fixture
def page(_context: Any) -> Iterator[Any]:
    _context.set_offline(False)
    with _watched(_context) as page:
        yield page


@pytest.fixture
def stranger(browser: Any) -> Iterator[Any]:
    """A page in a browser that has never been here: no cookie, nothing stored, nothing cached."""
    context = browser.new_context(viewport={"width": 1200, "height": 800}, reduced_motion="reduce")
    with _watched(context) as page:
        yield page
    context.close()
