"""The web page over the real service, in a real browser, with the real pictures."""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from e2e.product import REPOSITORY, SAMPLES, Server
from tests.service.web.reader import expect, names, opened

pytestmark = pytest.mark.browser
SCREENSHOT = REPOSITORY / "docs" / "images" / "page.png"
QUERY = "red heart"


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """An error in a script, and a request that the service refuses, fail the test."""
    page = browser.new_page(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("response", lambda answer: faults.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None)
    yield page
    page.close()
    assert not faults


def _all_drawn(page: Any) -> None:
    """Every thumbnail in sight has its pixels."""
    page.wait_for_function(
        """() => [...document.querySelectorAll("#grid .card[data-key] img")]
             .filter((img) => img.getBoundingClientRect().top < innerHeight)
             .every((img) => img.complete && img.naturalWidth > 0)"""
    )


def test_typing_shows_the_real_pictures(page: Any, server: Server):
    """A query is typed, and what POST /search finds is on the page, in that order, drawn."""
    page.goto(server.address)
    expect(page.locator("#size")).to_contain_text(f"{SAMPLES:,}")
    page.keyboard.type(QUERY)
    expect(page.locator("#query")).to_have_value(QUERY)
    wanted = [result["metadata"]["title"] for result in server.search(QUERY, top_k=10)["results"]]
    expect(page.locator("#grid .name").first).to_have_text(wanted[0])
    assert names(page)[:10] == wanted
    _all_drawn(page)


def test_more_like_this_shows_others(page: Any, server: Server):
    """The button on a picture searches by it, and the picture itself is not among its like."""
    opened(page, f"{server.address}/?q=rocket")
    key = page.locator("#grid .card[data-key]").first.get_attribute("data-key")
    page.locator("#grid .card").first.hover()
    page.locator("#grid .similar").first.click()
    expect(page.locator("#token")).to_contain_text("Like this one")
    expect(page.locator("#grid .card[data-key]").first).not_to_have_attribute("data-key", key)
    assert page.locator(f"#grid .card[data-key='{key}']").count() == 0


def test_a_category_narrows(page: Any, server: Server):
    """The chip of a category leaves only its pictures."""
    opened(page, f"{server.address}/?q=red")
    page.locator("[data-category='flags']").click()
    expect(page.locator("#grid .card[data-key]")).to_have_count(server.search("red", top_k=100, filters={"category": "flags"})["total"])


def test_the_screenshot_of_the_documentation(page: Any, server: Server):
    """The picture in the documentation is taken here, with UPDATE_SCREENSHOT=1, and shows a search with its pictures drawn."""
    opened(page, f"{server.address}/?q={QUERY.replace(' ', '+')}")
    _all_drawn(page)
    page.locator("h1, #status").first.wait_for(state="attached")
    page.mouse.move(0, 799)
    page.evaluate("document.activeElement?.blur()")
    if os.environ.get("UPDATE_SCREENSHOT") == "1":
        SCREENSHOT.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOT)
