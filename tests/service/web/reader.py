"""What the tests of the page have in common: looking at it, and at what it asks."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

ONE_PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63f8cfc0f01f00050001ff56c72f0d0000000049454e44ae426082"
)


def expect(found: Any) -> Any:
    from playwright.sync_api import expect  # noqa: PLC0415 -- only where there is a browser

    return expect(found)


def names(page: Any) -> list[str]:
    return page.locator("#grid .name").all_inner_texts()


def searches(page: Any) -> list[dict[str, Any]]:
    """The bodies of the searches from here on; further pages are left out."""
    seen: list[dict[str, Any]] = []

    def note(request: Any) -> None:
        body = json.loads(request.post_data) if request.url.endswith(("/search", "/search/similar")) else {"offset": 1}
        if not body.get("offset"):
            seen.append(body)

    page.on("request", note)
    return seen


def address_of(page: Any) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def opened(page: Any, address: str) -> Any:
    """The page at this address, with its pictures."""
    page.goto(address)
    page.locator("#grid .card[data-key]").first.wait_for()
    return page


def width_of_page(page: Any) -> int:
    return page.evaluate("document.documentElement.scrollWidth")
