"""What a language model says of the results, in a real browser: only to who opens it, and only as text."""

import pytest

from .reader import expect, opened, searches
from .stub import HOSTILE, Stub

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]


@pytest.fixture
def explained(stub: Stub) -> Stub:
    stub.explained_by, stub.explanation = "gpt-4", "All of them show hearts."
    return stub


def test_without_a_model_nothing_is_offered(page, address):
    """The page asks no search for what there is not."""
    asked = searches(page)
    opened(page, f"{address}?q=heart")
    expect(page.locator("#why")).to_be_hidden()
    assert not any("include_explanation" in body for body in asked)


@pytest.mark.usefixtures("explained")
def test_it_is_asked_for_when_it_is_opened(page, address):
    """Typing costs nothing; opening asks once, with the very search that is shown; opening again shows what is known."""
    asked = searches(page)
    opened(page, f"{address}?q=heart&category=symbols")
    assert len(asked) == 1
    page.locator("#why summary").click()
    expect(page.locator("#why-text")).to_have_text("All of them show hearts.")
    expect(page.locator("#why-model")).to_contain_text("gpt-4")
    page.locator("#why summary").click()
    page.locator("#why summary").click()
    expect(page.locator("#why-text")).to_have_text("All of them show hearts.")
    assert asked == [asked[0], asked[0] | {"include_explanation": True}]


def test_it_is_text_and_nothing_else(page, address, explained: Stub):
    """Whatever a model was talked into saying, the page runs none of it and links nowhere."""
    explained.explanation = f"{HOSTILE} [click](javascript:alert(1)) https://evil.example"
    opened(page, f"{address}?q=heart")
    page.locator("#why summary").click()
    expect(page.locator("#why-text")).to_contain_text("<img src=x")
    assert page.locator("#why-text *").count() == 0
    assert page.title() != "owned"


def test_a_model_that_fails_is_said_to(page, address, explained: Stub):
    """The results stay; opened again, it is asked again."""
    explained.explanation = None
    opened(page, f"{address}?q=heart")
    page.locator("#why summary").click()
    expect(page.locator("#why-text")).to_have_text("There is no explanation to be had now.")
    explained.explanation = "Hearts."
    page.locator("#why summary").click()
    page.locator("#why summary").click()
    expect(page.locator("#why-text")).to_have_text("Hearts.")


def test_other_results_close_it(page, address, explained: Stub):
    """No explanation stands beside results that it does not speak of."""
    opened(page, f"{address}?q=heart")
    page.locator("#why summary").click()
    expect(page.locator("#why-text")).to_have_text("All of them show hearts.")
    explained.explanation = "All of them show cakes."
    page.locator("#query").fill("cake")
    expect(page.locator("#grid .name").first).to_contain_text("cake")
    expect(page.locator("#why-text")).to_be_hidden()
    page.locator("#why summary").click()
    expect(page.locator("#why-text")).to_have_text("All of them show cakes.")


@pytest.mark.usefixtures("explained")
def test_it_is_offered_for_words_alone(page, address):
    """What was found by a picture has no words to be explained by."""
    opened(page, f"{address}?q=heart")
    expect(page.locator("#why")).to_be_visible()
    page.locator("#grid .similar").first.click()
    expect(page.locator("#token")).to_be_visible()
    expect(page.locator("#why")).to_be_hidden()
