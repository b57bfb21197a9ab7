"""Text from elsewhere made inert: what pictures bring along before a model reads it, and what the model writes before people do."""

import html
import re
import unicodedata

SPACED = frozenset({"Cc", "Zl", "Zp"})  # what separates words or lines
DROPPED = frozenset({"Cf", "Cs", "Co", "Cn"})  # bidi and zero-width characters, tags, halves of pairs, what has no meaning
SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")  # variation selectors: unseen, and able to carry a message
LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)")  # CommonMark 6.3 and 6.4, in one line
ADDRESS = re.compile(  # every repetition is bounded, so that a hostile text costs no more than its length
    r"""
    [a-z][a-z0-9+.-]{0,30}:[\\/]{2}\S*                            # any scheme
    | \bwww\.\S*                                                 # GFM links these too
    | \b(?:javascript|data|vbscript|mailto|xmpp|tel|file|blob):\S+
    | (?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}/\S*                     # example.org/path, which chat programs link
    | \S{1,64}@[\w-]{1,63}\.\S*                                   # and mail addresses
    """,
    re.IGNORECASE | re.VERBOSE,
)
SLASHES = re.compile(r":[\\/]{2,}")  # what is left of an address without a scheme
REMOVED = "(link removed)"
MARKUP = str.maketrans({"[": "(", "]": ")", "<": "‹", ">": "›"})
ENTITY = re.compile(r"(?<!&)&+(?=#?\w+;)")


def visible(text: str, *, limit: int) -> str:
    """At most `limit` characters that can be seen, on one line.

    No controls, no bidi or zero-width characters, no variation selectors. What does not fit is cut, and an ellipsis says so.
    """
    beginning = SELECTORS.sub("", text[: 4 * limit])  # the rest is not even looked at
    seen = (" " if (kind := unicodedata.category(char)) in SPACED else "" if kind in DROPPED else char for char in beginning)
    line = " ".join("".join(seen).split())
    return line if len(line) <= limit and len(text) <= 4 * limit else line[: limit - 1] + "…"


def inert(text: str, *, limit: int) -> str:
    """Plain text wherever it is shown: no address that a program would make a link of, no Markdown link or picture, no HTML.

    The order matters: each step works on what the one before has left, so that nothing is put together out of parts.
    """
    line = visible(html.unescape(text[: 4 * limit]), limit=2 * limit)
    line = LINK.sub(r"\1", line)
    line = ENTITY.sub("", line)  # one that was escaped twice
    line = SLASHES.sub(":", ADDRESS.sub(REMOVED, line))
    return visible(line.translate(MARKUP), limit=limit)
