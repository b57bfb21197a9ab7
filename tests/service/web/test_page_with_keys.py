"""The web page of a service that asks for API keys: entering one, what it opens, where it never is, and forgetting it."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.service.key_samples import SEARCHER, STRANGER, STRANGER_LINE, Clock

from .reader import expect, names, opened, width_of_page
from .stub import Stub

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]

ASKS = "This service needs an API key"
NOT_VALID = re.compile("That key is not valid here")


@pytest.fixture(autouse=True)
def _closed(stub: Stub, keys) -> None:
    stub.keys = keys


@pytest.fixture
def page(stranger: Any) -> Any:
    return stranger


def enter(page: Any, key: str) -> None:
    """By keyboard alone, once the field has the focus."""
    page.get_by_label("API key", exact=True).focus()
    page.keyboard.type(key)
    page.keyboard.press("Enter")


def unlocked(page: Any, address: str) -> Any:
    """The page, shown a right key, with its pictures."""
    page.goto(f"{address}?q=red")
    enter(page, SEARCHER)
    page.locator("#grid .card[data-key]").first.wait_for()
    return page


def stored(page: Any) -> list[dict[str, str]]:
    """What is in sessionStorage, and in localStorage."""
    return page.evaluate("[{...sessionStorage}, {...localStorage}]")


def status_of_thumbnail(page: Any) -> int:
    """Asked as an <img> asks: without a header, past the cache."""
    return page.evaluate("fetch('thumbnails/9007199254740993?size=64', {cache: 'no-store'}).then((answer) => answer.status)")


def test_a_service_with_keys_asks_for_one(page, address):
    """A search without a key shows a labelled form, leaves the focus in the search box, and says so to a screen reader."""
    page.goto(address)
    page.keyboard.type("red")
    expect(page.get_by_role("heading", name=ASKS)).to_be_visible()
    expect(page.get_by_label("API key", exact=True)).to_have_attribute("type", "password")
    expect(page.locator("#spoken")).to_contain_text(ASKS)
    expect(page.locator("#query")).to_be_focused()
    expect(page.locator("#key-fault")).to_be_empty()
    expect(page.locator("#key-button")).to_be_hidden()


def test_a_right_key_repeats_the_search(page, address):
    """The search goes on with the key, the pictures and the categories load, and a reload keeps all of it."""
    unlocked(page, address)
    expect(page.locator("#status")).to_have_text("10 pictures")
    expect(page.locator("#grid img.loaded").first).to_be_visible()
    expect(page.locator("#chips [data-category='symbols']")).to_be_visible()
    expect(page.locator("#notice")).to_be_hidden()
    page.reload()
    expect(page.locator("#grid img.loaded").first).to_be_visible()


def test_the_cookie_is_asked_for_once(page, address):
    """One `POST /session` with the key in its header; every other request of a script shows the key too, and no picture does."""
    shown: list[tuple[str, str, bool]] = []

    def note(request: Any) -> None:
        path = request.url.removeprefix(address).split("?")[0]
        shown.append((path, request.method, request.headers.get("authorization") == f"Bearer {SEARCHER}"))

    page.on("request", note)
    unlocked(page, address)
    page.locator("#query").fill("blue")
    expect(page.locator("#grid .name").first).to_contain_text("blue")
    assert shown.count(("session", "POST", True)) == 1
    after = shown[shown.index(("session", "POST", True)) :]
    asked = {(path.split("/")[0], keyed) for path, _, keyed in after}
    assert {("search", True), ("facets", True), ("thumbnails", False)} <= asked
    assert not {("search", False), ("facets", False), ("thumbnails", True)} & asked


@pytest.mark.parametrize("wrong", [STRANGER, "a word", "schlüssel"], ids=["of another service", "a word", "not of ASCII"])
def test_a_wrong_key_is_said_and_forgotten(page, address, wrong: str):
    """The form stays and says so, empty and focused, nothing is stored, and a right key still works from there."""
    page.goto(f"{address}?q=red")
    enter(page, wrong)
    expect(page.locator("#key-fault")).to_have_text(NOT_VALID)
    field = page.get_by_label("API key", exact=True)
    expect(field).to_have_value("")
    expect(field).to_be_focused()
    assert stored(page) == [{}, {}]
    page.keyboard.type(SEARCHER)
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#status")).to_have_text("10 pictures")


def test_a_key_that_may_not_search_is_told_so(page, address):
    """A 403 is not called a wrong key: neither in the form, nor for a key that is held."""
    page.goto(f"{address}?q=red")
    page.route("**/session", lambda route: route.fulfill(status=403, json={"title": "Forbidden"}))
    enter(page, SEARCHER)
    expect(page.locator("#key-fault")).to_contain_text("may not search")
    page.unroute("**/session")
    enter(page, SEARCHER)
    expect(page.locator("#status")).to_have_text("10 pictures")
    page.route("**/search", lambda route: route.fulfill(status=403, json={"title": "Forbidden"}))
    page.locator("#query").fill("blue")
    expect(page.get_by_role("heading", name="Your API key may not search here")).to_be_visible()


def test_a_silent_service_does_not_spoil_the_key(page, address):
    """Without an answer the form says so, and what was typed stays to be sent again."""
    page.goto(f"{address}?q=red")
    page.route("**/session", lambda route: route.abort())
    enter(page, SEARCHER)
    expect(page.locator("#key-fault")).to_contain_text("does not answer")
    page.unroute("**/session")
    page.keyboard.press("Enter")
    expect(page.locator("#status")).to_have_text("10 pictures")


def test_forgetting_the_key_shuts_the_page(page, address):
    """The button empties the storage, takes the cookie, and nothing the key has opened stays in sight."""
    unlocked(page, address)
    assert status_of_thumbnail(page) == 200
    page.get_by_role("button", name="Forget the API key").click()
    expect(page.get_by_role("heading", name=ASKS)).to_be_visible()
    expect(page.locator("#key-button")).to_be_hidden()
    assert names(page) == []
    assert stored(page) == [{}, {}]
    assert page.context.cookies() == []
    assert status_of_thumbnail(page) == 401


def test_a_forgotten_key_with_a_silent_service(page, address):
    """Without an answer to `DELETE /session` the key is gone from here all the same, and the reader is told of the rest."""
    unlocked(page, address)
    page.route("**/session", lambda route: route.abort())
    page.get_by_role("button", name="Forget the API key").click()
    expect(page.locator("#toast")).to_contain_text("did not answer")
    assert stored(page) == [{}, {}]
    expect(page.locator("#key-button")).to_be_hidden()


def test_a_revoked_key_is_asked_for_anew(page, address, file: Path, clock: Clock):
    """A key that stops being valid while the page is open is forgotten, and the form says why."""
    unlocked(page, address)
    file.write_text(STRANGER_LINE)
    clock.now += 2
    page.locator("#query").fill("blue")
    expect(page.locator("#key-fault")).to_have_text(NOT_VALID)
    assert stored(page) == [{}, {}]
    enter(page, STRANGER)
    expect(page.locator("#grid .name").first).to_contain_text("blue")


def test_an_opened_picture_makes_room_for_the_form(page, address):
    """A link to a picture asks for the key first, with nothing over the form, and opens the picture afterwards."""
    page.goto(f"{address}?q=red&view=9007199254740993")
    expect(page.locator("#viewer")).to_be_hidden()
    enter(page, SEARCHER)
    expect(page.locator("#viewer-name")).to_be_visible()
    assert "view=9007199254740993" in page.url


def test_the_key_is_in_session_storage_alone(page, address):
    """Not in the address, its history, localStorage, the document, the console, a readable cookie, or any URL asked for."""
    seen: list[str] = []
    page.on("console", lambda line: seen.append(line.text))
    page.on("request", lambda request: seen.append(request.url))
    page.on("framenavigated", lambda frame: seen.append(frame.url))
    page.goto(f"{address}?q=red")
    enter(page, STRANGER)
    expect(page.locator("#key-fault")).to_have_text(NOT_VALID)
    enter(page, SEARCHER)
    page.locator("#grid .tile").first.click()
    expect(page.locator("#viewer-name")).to_be_visible()
    seen += page.evaluate(
        "[document.documentElement.outerHTML, document.cookie, JSON.stringify(history.state), JSON.stringify({...localStorage})]"
    )
    assert not [text for text in seen if SEARCHER in text or STRANGER in text]
    assert list(stored(page)[0].values()) == [SEARCHER]
    [cookie] = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_form_fits_a_phone_in_both_schemes(page, address, scheme: str):
    """At 360 pixels nothing scrolls sideways, all of the form is in sight, and what went wrong is easy to read."""
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 360, "height": 640})
    page.goto(f"{address}?q=red")
    enter(page, STRANGER)
    expect(page.locator("#key-fault")).to_have_text(NOT_VALID)
    assert width_of_page(page) <= 360
    for part in ("#api-key", "#key-fault", ".key .button"):
        box = page.locator(part).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360
        assert box["y"] + box["height"] <= 640
    colour = "node => getComputedStyle(node).%s.match(/\\d+/g).slice(0, 3).map(Number)"
    red = page.locator("#key-fault").evaluate(colour % "color")
    background = page.locator("body").evaluate(colour % "backgroundColor")
    assert abs(sum(red) - sum(background)) > 250


def test_a_service_without_keys_never_asks(page, address, stub: Stub):
    """An open service shows neither the form nor the button."""
    stub.keys = None
    opened(page, f"{address}?q=red")
    expect(page.locator("#key-button")).to_be_hidden()
    assert page.locator("#api-key").count() == 0
