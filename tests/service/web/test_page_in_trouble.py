"""The web page in a real browser when something is in the way: no results, faults, hostile names, odd screens and readers."""

import re
from urllib.parse import urlsplit

import pytest

from .reader import ONE_PIXEL, expect, opened, width_of_page
from .stub import HOSTILE, Stub

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]


def test_no_results_comes_with_advice(page, address):
    """An empty answer says so, and offers to drop the filters if there are any."""
    page.goto(f"{address}?q=red&category=nowhere")
    expect(page.get_by_role("heading", name="No pictures found")).to_be_visible()
    page.get_by_role("button", name="Remove the filters").click()
    expect(page.locator("#status")).to_have_text("10 pictures")


def test_overload_counts_down_and_tries_again(page, address, stub: Stub):
    """A 503 with Retry-After is explained, waited for, and then the search goes on by itself."""
    stub.failures.append((503, {"title": "Overloaded"}, {"Retry-After": "1"}))
    page.goto(f"{address}?q=red")
    expect(page.get_by_role("heading", name="The service is busy")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Trying again in 1 s"))).to_be_visible()
    expect(page.locator("#status")).to_have_text("10 pictures")


def test_a_refused_search_is_explained(page, address, stub: Stub):
    """Detail and hint of a 422 reach the reader, as text."""
    stub.failures.append((422, {"detail": "The query is <b>too odd</b>.", "hint": "Use plain words."}, {}))
    page.goto(f"{address}?q=red")
    expect(page.locator("#notice .detail")).to_have_text("The query is <b>too odd</b>.")
    expect(page.locator("#notice .hint")).to_have_text("Use plain words.")


def test_a_silent_service_is_told_from_no_connection(page, address):
    """No answer at all says so; without a network it says that, and goes on when the network is back."""
    page.goto(address)
    page.route("**/search", lambda route: route.abort())
    page.locator("#query").fill("red")
    expect(page.get_by_role("heading", name="The service does not answer")).to_be_visible()
    page.unroute("**/search")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#status")).to_have_text("10 pictures")
    page.context.set_offline(True)
    page.locator("#query").fill("blue")
    expect(page.get_by_role("heading", name="You are offline")).to_be_visible()
    page.context.set_offline(False)
    expect(page.locator("#grid .name").first).to_contain_text("blue")


def test_hostile_names_stay_text(page, address):
    """Markup in a file name is shown as it is written, in the grid and in the viewer, and runs nothing."""
    opened(page, f"{address}?q=%3Cimg")
    expect(page.locator("#grid .name").first).to_have_text(HOSTILE)
    page.locator("#grid .tile").first.click()
    expect(page.locator("#viewer-name")).to_have_text(HOSTILE)
    assert page.locator("img[src='x'], [onerror]").count() == 0
    assert "owned" not in page.title()


def test_dark_follows_the_system_and_the_choice_stays(page, address):
    """The system decides between light and dark, until the reader does; a reload keeps that."""
    lightness = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0]"
    page.emulate_media(color_scheme="dark")
    page.goto(address)
    assert page.evaluate(lightness) < 60
    page.locator("#theme-button").click()
    assert page.evaluate(lightness) > 200
    page.reload()
    assert page.evaluate(lightness) > 200


def test_narrow_pages_do_not_scroll_sideways(page, address):
    """At 360 pixels the start page, the results, the open panels and the viewer fit."""
    page.set_viewport_size({"width": 360, "height": 720})
    page.goto(address)
    assert width_of_page(page) <= 360
    opened(page, f"{address}?q=red&min=0.1")
    page.locator("#timing summary").click()
    assert page.locator("#timing-panel").bounding_box()["x"] >= 0
    assert width_of_page(page) <= 360
    page.keyboard.press("Escape")
    page.locator("#grid .tile").first.click()
    assert page.locator("#viewer").evaluate("node => node.scrollWidth") <= 360


def test_pictures_arrive_without_moving_anything(page, address):
    """Between the answer and the last thumbnail, no card changes its place."""
    page.add_init_script(
        "window.shift = 0; new PerformanceObserver((list) => list.getEntries().forEach((entry) => { window.shift += entry.value; }))"
        ".observe({ type: 'layout-shift', buffered: true });"
    )
    opened(page, f"{address}?q=orange")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.shift") < 0.02


def test_search_by_picture_can_be_switched_off(page, address, stub: Stub):
    """A service without it says so once, and the button goes."""
    stub.pictures_allowed = False
    page.goto(address)
    page.locator("#file").set_input_files({"name": "mine.png", "mimeType": "image/png", "buffer": ONE_PIXEL})
    expect(page.get_by_role("heading", name="Search by picture is switched off here")).to_be_visible()
    expect(page.locator("#choose")).to_be_hidden()


def test_missing_thumbnails_leave_a_sign(page, address):
    """A picture without a thumbnail keeps its place and says so."""
    page.route("**/thumbnails/**", lambda route: route.fulfill(status=404))
    page.goto(f"{address}?q=red")
    expect(page.locator("#grid .broken").first).to_have_text("No preview")
    expect(page.locator("#grid .name").first).to_contain_text("red")


def test_the_page_asks_nobody_else(page, address):
    """Everything comes from the service itself: the page works where there is no internet."""
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    opened(page, f"{address}?q=red")
    page.locator("#grid .tile").first.click()
    expect(page.locator(".relatives button").first).to_be_visible()
    assert hosts == {urlsplit(address).netloc}


def test_everything_that_can_be_pressed_has_a_name(page, address):
    """Buttons, links, fields and pictures tell a screen reader what they are."""
    opened(page, f"{address}?q=red")
    page.locator("#grid .tile").first.click()
    nameless = page.evaluate(
        """() => {
          const label = (node) => node.getAttribute("aria-label") || node.title || node.textContent.trim() || node.labels?.length;
          const pictured = (node) => node.querySelector("img[alt]:not([alt=''])");
          const controls = [...document.querySelectorAll("button, a, input")];
          return controls.filter((node) => !label(node) && !pictured(node)).map((node) => node.outerHTML);
        }"""
    )
    assert nameless == []
    assert page.locator("img:not([alt])").count() == 0
