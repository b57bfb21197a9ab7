"""Searching on the web page, in a real browser: what a reader does, and what the reader must see."""

import json
import re

import pytest

from .reader import ONE_PIXEL, address_of, expect, names, opened, searches
from .stub import Stub

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]

VIEWED = re.compile(r"[?&]view=")


def test_typing_shows_results(page, address):
    """The box has the focus at once, and pictures appear without Enter, with name, score and category."""
    page.goto(address)
    page.keyboard.type("red heart")
    expect(page.locator("#grid .name").first).to_have_text("red heart")
    card = page.locator("#grid .card").first
    expect(card.locator(".score")).to_have_text("0.28")
    expect(card.locator(".category")).to_have_text("Symbols")
    expect(page.locator("#status")).to_have_text("19 pictures")


def test_nothing_is_asked_for_an_empty_box(page, address):
    """Opening the page, and emptying the box, costs the service no search."""
    asked = searches(page)
    page.goto(address)
    expect(page.locator("#size")).to_contain_text("pictures in 4 categories")
    page.locator("#query").fill("   ")
    page.keyboard.press("Enter")
    page.wait_for_timeout(300)
    assert asked == []


TYPE = """(box, text) => {
  for (const letter of text) {
    box.value += letter;
    box.dispatchEvent(new Event("input", { bubbles: true }));
  }
}"""  # faster than any busy machine is slow: as keys of its own, letters come when the browser has time for them


def test_fast_typing_asks_once_and_shows_the_last_words(page, address):
    """Letters typed quickly are one search, for the words as they ended."""
    asked = searches(page)
    page.goto(address)
    page.locator("#query").evaluate(TYPE, "green apple")
    expect(page.locator("#grid .name").first).to_have_text("green apple")
    assert [body["query"] for body in asked] == ["green apple"]


def test_late_answers_are_aborted_and_never_shown(page, address, stub: Stub):
    """A search that was replaced is cancelled in the browser, and its late answer changes nothing."""
    stub.delays["blue"] = 0.8
    aborted: list[str] = []
    page.on("requestfailed", lambda request: aborted.append(json.loads(request.post_data)["query"]))
    page.goto(address)
    with page.expect_request("**/search"):
        page.locator("#query").fill("blue")
    page.locator("#query").fill("red cake")
    expect(page.locator("#grid .name").first).to_have_text("red cake")
    page.wait_for_timeout(900)
    assert names(page)[0] == "red cake"
    assert aborted == ["blue"]


def test_a_key_that_changes_nothing_loses_nothing(page, address, stub: Stub):
    """A space typed while the answer is on its way does not leave the page waiting for ever."""
    stub.delays["green"] = 0.4
    page.goto(address)
    with page.expect_request("**/search"):
        page.locator("#query").fill("green")
    page.keyboard.type(" ")
    expect(page.locator("#grid .name").first).to_contain_text("green")


def test_enter_does_not_wait(page, address):
    """Enter searches at once, and the pause after typing does not ask a second time."""
    asked = searches(page)
    page.goto(address)
    page.locator("#query").fill("star")
    page.keyboard.press("Enter")
    expect(page.locator("#grid .name").first).to_contain_text("star")
    page.wait_for_timeout(300)
    assert len(asked) == 1


def test_examples_start_a_search(page, address):
    """Who does not know what to type can press an example."""
    page.goto(address)
    page.get_by_role("button", name="red heart").click()
    expect(page.locator("#query")).to_have_value("red heart")
    expect(page.locator("#grid .name").first).to_have_text("red heart")


def test_categories_narrow_the_search(page, address):
    """Chips show how many pictures a category has; several can be chosen, and taken back."""
    opened(page, f"{address}?q=red")
    expect(page.locator("[data-category='objects']")).to_contain_text("20")
    page.locator("[data-category='objects']").click()
    expect(page.locator("#status")).to_have_text("2 pictures")
    page.locator("[data-category='symbols']").click()
    expect(page.locator("#status")).to_have_text("4 pictures")
    assert address_of(page)["category"] == ["objects", "symbols"]
    expect(page.locator("[data-category='symbols']")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="All", exact=True).click()
    expect(page.locator("#status")).to_have_text("10 pictures")


def test_least_score_leaves_out_weak_matches(page, address):
    """The slider sends a threshold, and the address keeps it."""
    opened(page, f"{address}?q=red+heart")
    page.locator("#strictness summary").click()
    page.locator("#minimum").fill("0.25")
    expect(page.locator("#status")).to_have_text("1 picture")
    assert address_of(page)["min"] == ["0.25"]


def test_more_like_this_keeps_every_digit_of_the_key(page, address, stub: Stub):
    """Keys beyond 2**53 reach the service unrounded, from the grid and in the address."""
    asked = searches(page)
    opened(page, f"{address}?q=gold+heart")
    page.locator("#grid .card").first.hover()
    page.locator("#grid .similar").first.click()
    expect(page.locator("#token")).to_contain_text("Like this one")
    expect(page.locator("#grid .name").first).not_to_have_text("gold heart")
    key = next(picture.key for picture in stub.pictures if picture.name == "gold heart")
    assert asked[-1]["key"] == key == address_of(page)["like"][0]
    assert int(key) > 2**53


def test_the_address_holds_everything_and_back_works(page, address):
    """Back goes step by step through searches, not through letters; an address opened afresh shows the same."""
    page.goto(address)
    page.locator("#query").press_sequentially("blue", delay=250)
    expect(page.locator("#grid .name").first).to_contain_text("blue")
    page.keyboard.press("Enter")
    page.locator("[data-category='symbols']").click()
    expect(page.locator("#status")).to_have_text("2 pictures")
    shown, shared = names(page), page.url
    page.go_back()
    expect(page.locator("#status")).to_have_text("10 pictures")
    page.go_back()
    expect(page.locator("#home")).to_be_visible()
    opened(page, shared)
    assert names(page) == shown


def test_the_viewer_is_part_of_the_address(page, address):
    """A picture opens large, the arrows step, Back closes, and a link to it opens it again."""
    opened(page, f"{address}?q=pink")
    page.locator("#grid .tile").first.click()
    first = page.locator("#viewer-name").inner_text()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#viewer-name")).not_to_have_text(first)
    shared = page.url
    page.go_back()
    expect(page.locator("#viewer")).not_to_be_visible()
    expect(page).not_to_have_url(VIEWED)
    page.goto(shared)
    expect(page.locator("#viewer-name")).to_be_visible()
    expect(page.locator(".relatives button").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#viewer")).not_to_be_visible()
    expect(page).not_to_have_url(VIEWED)  # the browser tells the page a moment after it has closed the dialog


def test_more_pictures_come_by_offset(page, address):
    """The next page is appended without repeating or moving what is there."""
    opened(page, f"{address}?q=cat+dog+tree+apple+cake+soup+lamp+key")
    expect(page.locator("#status")).to_have_text("48 of 80 pictures")
    before = page.locator("#grid .card").nth(5).bounding_box()
    page.locator("#more-button").scroll_into_view_if_needed()
    expect(page.locator("#status")).to_have_text("80 pictures")
    assert len(set(names(page))) == 80
    page.evaluate("scrollTo(0, 0)")
    assert page.locator("#grid .card").nth(5).bounding_box() == before
    expect(page.locator("#more")).to_be_hidden()


def test_keys_are_the_pages_once_the_viewer_is_closed(page, address):
    """However late the address follows, which a browser goes back to in its own time: down and up again is among the pictures."""
    opened(page, f"{address}?q=teal")
    page.evaluate("const go = history.go.bind(history); history.go = (way) => setTimeout(() => go(way), 1000); null")
    page.keyboard.press("ArrowDown")
    focused = page.locator("#grid .tile:focus")
    page.keyboard.press("Enter")
    shown = page.locator("#viewer-name").inner_text()
    page.keyboard.press("Escape")
    expect(page.locator("#viewer")).not_to_be_visible()
    expect(focused.locator("img")).to_have_attribute("alt", shown)
    page.keyboard.press("ArrowDown")
    expect(focused.locator("img")).not_to_have_attribute("alt", shown)
    page.keyboard.press("ArrowUp")
    expect(focused).to_have_count(1)
    expect(page).not_to_have_url(VIEWED)
    expect(focused).to_have_count(1)


def test_the_page_can_be_used_without_a_mouse(page, address):
    """From the words down into the pictures, along them, into one, out again, to its like, and back to the words."""
    opened(page, f"{address}?q=teal")
    page.keyboard.press("ArrowDown")
    focused = page.locator("#grid .tile:focus")
    first = focused.locator("img").get_attribute("alt")
    page.keyboard.press("ArrowRight")
    second = focused.locator("img").get_attribute("alt")
    assert second != first
    page.keyboard.press("Enter")
    expect(page.locator("#viewer-name")).to_have_text(second)
    page.keyboard.press("ArrowRight")
    third = page.locator("#viewer-name").inner_text()
    page.keyboard.press("Escape")
    expect(focused.locator("img")).to_have_attribute("alt", third)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    expect(focused).to_have_count(1)
    page.keyboard.press("m")
    expect(page.locator("#token")).to_be_visible()
    expect(focused).to_have_count(1)
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    # The browser closes a dialog in its own time, and until then the keys are the dialog's.
    expect(page.locator("#help")).to_be_hidden()
    page.keyboard.press("/")
    expect(page.locator("#query")).to_be_focused()
    page.keyboard.type("?m/")
    expect(page.locator("#query")).to_have_value("?m/")


def test_a_picture_can_be_the_query(page, address, stub: Stub):
    """A chosen file is sent as it is, its results shown, and a reload explains that it was not kept."""
    page.goto(address)
    page.locator("#file").set_input_files({"name": "mine.png", "mimeType": "image/png", "buffer": ONE_PIXEL})
    expect(page.locator("#token")).to_contain_text("Your picture")
    expect(page.locator("#grid .name").first).to_contain_text("heart")
    assert stub.uploads == [ONE_PIXEL]
    page.reload()
    expect(page.get_by_role("heading", name="The picture is gone")).to_be_visible()


def test_a_picture_can_be_pasted_and_dropped(page, address, stub: Stub):
    """Paste and drop search as choosing a file does."""
    page.goto(address)
    for event, carrier in (("paste", "clipboardData"), ("drop", "dataTransfer")):
        page.evaluate(
            """([event, carrier, bytes]) => {
              const data = new DataTransfer();
              data.items.add(new File([new Uint8Array(bytes)], "it.png", { type: "image/png" }));
              const Kind = event === "paste" ? ClipboardEvent : DragEvent;
              document.body.dispatchEvent(new Kind(event, { [carrier]: data, bubbles: true, cancelable: true }));
            }""",
            [event, carrier, list(ONE_PIXEL)],
        )
        expect(page.locator("#grid .name").first).to_contain_text("heart")
        page.locator("#clear").click()
        expect(page.locator("#home")).to_be_visible()
    assert stub.uploads == [ONE_PIXEL, ONE_PIXEL]


def test_the_time_is_shown_by_stage(page, address):
    """The stages of Server-Timing stand in order, with what the network took."""
    opened(page, f"{address}?q=red")
    expect(page.locator("#timing-label")).to_have_text("9.4 ms")
    page.locator("#timing summary").click()
    stages = page.locator("#timing .stages li span:first-child:not(.stage-bar)")
    assert stages.all_inner_texts() == ["validate", "cache", "encode", "search", "assemble", "network"]
