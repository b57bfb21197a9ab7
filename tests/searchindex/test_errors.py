"""Messages that never grow."""

from hypothesis import given
from hypothesis import strategies as st

from searchindex.errors import InvalidInput, shorten


@given(st.text(st.characters(), max_size=1000), st.integers(10, 300))
def test_shortened_text_is_bounded_and_printable(text: str, limit: int):
    """Input that is echoed is never long, and never moves a terminal's cursor."""
    short = shorten(text, limit)
    assert len(short.encode("utf-8")) <= limit + 2
    assert short.isprintable()


def test_an_error_says_what_to_do():
    """The text of an error is its message and its hint."""
    assert str(InvalidInput("It is empty.", hint="Fill it.")) == "It is empty. Fill it."
