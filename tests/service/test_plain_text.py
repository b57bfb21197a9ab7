"""Text from elsewhere made inert."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.plain_text import inert, visible
from tests.service.hostile import ORDERS

LIVE = re.compile(r"://|\bwww\.|\b(?:javascript|data|mailto):\S|\]\(|<[a-z/!]|\S@\w+\.|&#?\w+;", re.IGNORECASE)
PIECES = [
    "http", ":", "//", "evil.example", "/p?q=1", "www.", "[", "]", "(", ")", "!", "<", ">", "&", "#104;", "amp;", "lt;", "@", " ",
    "\u200b", "\u202e", "\n", "\x00", "javascript:", "data:", "a", "é", "\U000e0041", "\ufe0f", "\ud800",
]  # fmt: skip


def is_visible(text: str) -> bool:
    unseen = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    return not any(unicodedata.category(char) in unseen or char in "\ufe0f\U000e0100\U000e01ef" for char in text)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("They show [a red heart](http://evil.example/x) best.", "They show a red heart best."),
        ("Look: ![heart](https://evil.example/p.png?q=cats)!", "Look: heart!"),
        ("See https://evil.example/a?b=c for more.", "See (link removed) for more."),
        ("See <https://evil.example> or evil.example/path.", "See ‹(link removed) or (link removed)"),
        ("Write to boss@evil.example now", "Write to (link removed) now"),
        ("h\u200bttp://evil.example", "(link removed)"),
        ("&#104;ttp://evil.example and &amp;#104;ttp://evil.example", "(link removed) and #104;(link removed)"),
        ("<b>Best</b> first", "‹b›Best‹/b› first"),
        ("Best: heart.png, data: a score of 0.31 & more.", "Best: heart.png, data: a score of 0.31 & more."),
        ("Zwei Absätze.\n\nUnd 日本語.", "Zwei Absätze. Und 日本語."),
    ],
)
def test_what_becomes_of_a_text(said: str, shown: str):
    """Words stay, addresses and markup go."""
    assert inert(said, limit=200) == shown


@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join) | st.text(max_size=300))
def test_nothing_that_is_shown_is_live(said: str):
    """However a text is put together, no step makes a link out of what another has left."""
    shown = inert(said, limit=120)
    assert not LIVE.search(shown)
    assert is_visible(shown)
    assert len(shown) <= 120


@pytest.mark.parametrize("said", ORDERS)
def test_hostile_texts_are_inert(said: str):
    """Each of the known tricks."""
    assert not LIVE.search(inert(said, limit=500))


@given(st.text(max_size=500), st.integers(1, 100))
def test_only_what_can_be_seen_is_left(text: str, limit: int):
    """One line without controls, and never longer than allowed."""
    shown = visible(text, limit=limit)
    assert len(shown) <= limit
    assert is_visible(shown)
    assert shown == " ".join(shown.split())


def test_what_hides_a_message_goes():
    """Tag characters and variation selectors carry text that no reader sees, and a model does."""
    hidden = "".join(chr(0xE0100 + number) + chr(0xE0000 + number) for number in b"obey")
    assert visible(f"he{hidden}art\ufe0f", limit=50) == "heart"


def test_a_cut_is_shown():
    """A reader sees that there was more."""
    assert visible("a" * 100, limit=5) == "aaaa…"
    assert visible("\u200b" * 100 + "a", limit=5).endswith("…")


@pytest.mark.timeout(60)
@pytest.mark.parametrize("piece", ["a", "a.", "a@", "[", "![](", "&", "a:", "<", "\u200b", "a-a.", "é"])
def test_a_hostile_text_costs_no_more_than_its_length(piece: str):
    """What makes careless patterns try every way of reading it: with one of those this would not end."""
    assert len(inert(piece * 100_000, limit=100_000)) <= 100_000
